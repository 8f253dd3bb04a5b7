// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport

/// A blocking TLS connection to a port of a test's server; each call takes 10 s at most.
final class TLSClient {
    private var stream: TLSStream?
    private var deadline: Deadline { .after(milliseconds: 10_000) }

    struct NoAddress: Error {}

    init(
        port: UInt16, identity: TLSIdentity? = nil, alpn: [String], trust: TrustRoots = TestPKI.shared.trust
    ) throws {
        guard let address = SocketAddress(ipLiteral: "127.0.0.1", port: port) else { throw NoAddress() }
        stream = try TLSStream.connect(
            address: address, context: try .client(trust: trust, identity: identity, alpn: alpn),
            serverName: "localhost", deadline: .after(milliseconds: 10_000))
    }

    func send(_ bytes: [UInt8]) throws { try stream?.write(bytes, deadline: deadline) }

    /// What comes next; empty when the server has said goodbye.
    func receive() throws -> [UInt8] {
        var bytes: [UInt8] = []
        _ = try stream?.read(into: &bytes, maximum: 16 << 10, deadline: deadline)
        return bytes
    }

    /// Ends the connection with or without a goodbye of TLS.
    func hangUp(politely: Bool) {
        guard let stream = stream.take() else { return }
        if politely { stream.close(deadline: deadline) }
    }
}
