// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLSTestSupport
import Testing

@testable import TLS

@Suite struct ListeningTests {
    private static func accepted(_ listener: borrowing Socket) throws -> Socket? {
        _ = try listener.poll(Int16(POLLIN), wake: -1, deadline: .after(.seconds(10)))
        return try listener.accept()
    }

    private static func hasClient(_ listener: borrowing Socket) throws -> Bool {
        let client = try listener.accept()
        return switch consume client {
        case .none: false
        case .some: true
        }
    }

    private static func localhost(_ address: String, port: UInt16) throws -> SocketAddress {
        try #require(SocketAddress(ipLiteral: address, port: port))
    }

    private static func bound(_ socket: borrowing Socket) throws -> SocketAddress {
        let address = socket.localAddress
        return try #require(address)
    }

    private static func received(_ socket: borrowing Socket, limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = [1]
        _ = try socket.poll(Int16(POLLIN), wake: -1, deadline: .after(.seconds(10)))
        let result = socket.receive(appendingTo: &bytes, limit: limit)
        #expect(result == .bytes(bytes.count - 1))
        return bytes
    }

    @Test(
        "Port 0 takes a free port, and tells which; what is sent arrives behind what was there",
        arguments: ["127.0.0.1", "::1"])
    func anyPort(address: String) throws {
        let listener = try Socket.listen(on: Self.localhost(address, port: 0))
        let bound = try Self.bound(listener)
        #expect(bound.port != 0 && bound.ipText == address)
        let isEarly = try Self.hasClient(listener)
        #expect(!isEarly)
        let client = try Socket.connect(to: bound, deadline: .after(.seconds(10)))
        guard let server = try Self.accepted(listener) else {
            Issue.record("nobody came")
            return
        }
        let sent = client.send(([2, 3, 4] as [UInt8]).span.bytes)
        #expect(sent == .bytes(3))
        let first = try Self.received(server, limit: 2)
        let second = try Self.received(server, limit: 9)
        #expect(first == [1, 2, 3] && second == [1, 4])
        var none: [UInt8] = [7]
        let early = server.receive(appendingTo: &none, limit: 9)
        #expect(early == .wouldBlock && none == [7])
        client.finishSending()
        _ = try server.poll(Int16(POLLIN), wake: -1, deadline: .after(.seconds(10)))
        let late = server.receive(appendingTo: &none, limit: 9)
        #expect(late == .endOfFile && none == [7])
    }

    @Test("The IPv6 wildcard takes IPv4 as well")
    func bothFamilies() throws {
        let listener = try Socket.listen(on: Self.localhost("::", port: 0))
        let port = try Self.bound(listener).port
        for address in ["127.0.0.1", "::1"] {
            let client = try Socket.connect(
                to: Self.localhost(address, port: port), deadline: .after(.seconds(10)))
            _ = try listener.poll(Int16(POLLIN), wake: -1, deadline: .after(.seconds(10)))
            let isThere = try Self.hasClient(listener)
            #expect(isThere)
            _ = consume client
        }
    }

    @Test("A port that is taken, and an address of somebody else, are errors that say so")
    func refused() throws {
        let listener = try Socket.listen(on: Self.localhost("127.0.0.1", port: 0))
        let bound = try Self.bound(listener)
        let foreign = try Self.localhost("192.0.2.1", port: 0)
        for (address, words) in [(bound, "another program has this port"), (foreign, "no interface")] {
            do throws(TLSError) {
                _ = try Socket.listen(on: address)
                Issue.record("it listens on \(address)")
            } catch {
                #expect(error.message.contains("\(address)") && error.message.contains(words), "\(error)")
            }
        }
        _ = consume listener
    }
}
