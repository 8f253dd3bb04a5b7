// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing
import Wire

@testable import NodeAgent

/// The agent's log must be enough to see what is wrong, and what to do.
@Suite("What the log says when there is no session")
struct UnreachableTests {
    private let pki = TestPKI.shared

    private func complaint(_ address: SocketAddress, _ rig: PushRig) throws -> String {
        defer { rig.end() }
        let pusher = try rig.pusher(to: address)
        let line = try rig.collected.line(with: "level=warning")
        rig.end()
        _ = try pusher.running.end()
        #expect(line.contains("msg=\"no session; trying again\""))
        #expect(line.contains("aggregator=\(address)"))
        return line
    }

    @Test("wrong CA: which certificate, whose, and that it may be the wrong file")
    func wrongCA() throws {
        let context = try TLSContext.client(
            trust: .pem(pki.stranger.certificatePEM), alpn: [PushProtocol.alpn])
        let aggregator = try FakeAggregator()
        let line = try complaint(aggregator.address, PushRig(context: context))
        for part in ["unknown CA", "'CN=server'", "issued by 'CN=test CA'", "is it the right CA file?"] {
            #expect(line.contains(part), "\(line)")
        }
    }

    @Test("wrong server name: what was looked for, and what the certificate has")
    func wrongName() throws {
        let aggregator = try FakeAggregator()
        let line = try complaint(aggregator.address, PushRig(serverName: "aggregator.kube-system.svc"))
        for part in ["hostname mismatch", "'aggregator.kube-system.svc'", "localhost"] {
            #expect(line.contains(part), "\(line)")
        }
    }

    @Test("plain HTTP: that it is not TLS, and to look at the port")
    func plainHTTP() throws {
        let server = LoopbackServer(connections: .max) { connection in
            _ = try connection.receiveRaw()
            try connection.sendRaw(Array("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".utf8))
            _ = try connection.receiveRaw()
        }
        #expect(try complaint(server.address, PushRig()).contains("plain HTTP, not TLS; is this its TLS port?"))
    }

    @Test("TLS with other application protocols: that none is in common")
    func otherProtocols() throws {
        let server = try LoopbackServer(connections: .max) {
            [context = pki.serverContext(alpn: ["h2"], requiresALPN: true)] in
            try $0.handshake(context)
        }
        let line = try complaint(server.address, PushRig())
        #expect(line.contains("speaks none of the application protocols we offer (ALPN)"), "\(line)")
    }

    @Test("TLS without application protocols: no Hello is sent, and the log says to look at the port")
    func noProtocol() throws {
        let aggregator = try FakeAggregator(alpn: []) { session in
            try session.hear()
            session.outlast()
        }
        let line = try complaint(aggregator.address, PushRig())
        #expect(line.contains("does not speak metrics-push/1"), "\(line)")
        #expect(line.contains("is this the aggregator's port for agents?"))
        try aggregator.session(with: "its end") { $0.end }
        #expect(aggregator.sessions.now.first?.heard == [], "a token must not go to who does not speak our protocol")
    }

    @Test("a closed port: which, and what to check")
    func closedPort() throws {
        let address = try #require(SocketAddress(ipLiteral: "127.0.0.1", port: LoopbackServer.closedPort()))
        let line = try complaint(address, PushRig())
        #expect(line.contains("cannot connect to \(address): Connection refused"))
        #expect(line.contains("is it up, and is the port right?"))
    }

    @Test("a token file that is gone: its path and the flag")
    func tokenFile() throws {
        let path = TemporaryDirectory().file("token")
        let aggregator = try FakeAggregator()
        let line = try complaint(aggregator.address, PushRig(token: CredentialFile(path: path)))
        #expect(line.contains("--token-file: \(path) cannot be read: No such file or directory"))
    }
}
