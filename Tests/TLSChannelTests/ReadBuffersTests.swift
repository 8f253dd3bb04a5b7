// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix
import TLS
import TLSChannel
import TLSTestSupport
import Testing

private let pki = TestPKI.shared

@Suite("Buffers that connections share")
struct ReadBuffersTests {
    /// The same bytes for the same place in the same stream.
    private func piece(_ stream: Int, from start: Int, count: Int) -> [UInt8] {
        (start..<start + count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ stream &* 7 &+ $0 >> 8) }
    }

    /// A blocking client whose every call takes 20 s at most.
    private final class Client {
        private var stream: TLSStream?

        init(_ address: TLS.SocketAddress, _ context: TLSContext) throws {
            stream = try TLSStream.connect(
                address: address, context: context, serverName: "localhost", deadline: .after(milliseconds: 20_000))
        }

        /// Sends, and reads as much.
        func echoed(_ bytes: [UInt8]) throws -> [UInt8] {
            try stream?.write(bytes, deadline: .after(milliseconds: 20_000))
            var answer: [UInt8] = []
            while answer.count < bytes.count {
                let room = bytes.count - answer.count
                guard try stream?.read(into: &answer, maximum: room, deadline: .after(milliseconds: 20_000)) != 0 else {
                    break
                }
            }
            return answer
        }

        func close() { stream.take()?.close(deadline: .after(milliseconds: 20_000)) }
    }

    @Test("streams that take turns do not mix, in pieces from a byte to several records", arguments: [true, false])
    func interleaved(readsByDemand: Bool) async throws {
        let server = try await LoopbackChannel(pki.serverContext(), readsByDemand ? .pull : .echo, shares: true)
        let context = try pki.clientContext()
        let clients = try (0..<4).map { _ in try Client(server.address, context) }
        var sent = 0
        for count in [1, 2, 700, 16_384, 16_385, 40_000, 3, 65_000, 1] {
            for (stream, client) in clients.enumerated() {
                let bytes = piece(stream, from: sent, count: count)
                let answer = try client.echoed(bytes)
                #expect(answer == bytes, "\(count) bytes of stream \(stream)")
            }
            sent += count
        }
        for client in clients { client.close() }
        #expect(try await server.wait { $0.closed == 4 })
        #expect(server.current.errors.isEmpty)
        try await server.stop()
    }
}
