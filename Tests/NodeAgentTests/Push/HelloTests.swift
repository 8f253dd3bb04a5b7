// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing
import Wire

@testable import NodeAgent

@Suite("How the agent introduces itself")
struct HelloTests {
    private let directory = TemporaryDirectory()

    @Test("the Hello carries the node, its boot, its capacity and the token, and is the first message")
    func complete() throws {
        let aggregator = try FakeAggregator()
        let token = CredentialFile(path: directory.write("token", Array("t0ken\n".utf8)))
        let rig = try PushRig(token: token)
        defer { rig.end() }
        _ = try rig.session(to: aggregator.address)
        let hello = try aggregator.session(with: "a Hello") { $0.hello }
        var expected = rig.settings.hello
        expected.credential = "t0ken"
        #expect(hello == expected)
        #expect(hello.nodeName == "node-a" && hello.capacityMillicores == 4000 && hello.capacityMemoryBytes == 8 << 30)
        #expect(hello.bootID == "0f3a7c1e-1b2c-4d5e-8f90-123456789abc")
    }

    @Test("without a token file the credential is empty")
    func anonymous() throws {
        let aggregator = try FakeAggregator()
        let rig = try PushRig()
        defer { rig.end() }
        _ = try rig.session(to: aggregator.address)
        #expect(try aggregator.session(with: "a Hello") { $0.hello }.credential == "")
    }

    @Test("the log says which instance took the session, and where it is")
    func logged() throws {
        let aggregator = try FakeAggregator()
        let rig = try PushRig()
        defer { rig.end() }
        _ = try rig.session(to: aggregator.address)
        let line = try rig.collected.line(with: "session open")
        #expect(line.contains("instance=instance-0") && line.contains("\(aggregator.address) (localhost)"))
    }

    @Test("a token never reaches the log")
    func secret() throws {
        let aggregator = try FakeAggregator { session in
            try session.hear()
            try session.say(.reject(Reject(code: .unauthenticated, reason: "no such token")))
        }
        let token = CredentialFile(path: directory.write("token", Array("s3cret".utf8)))
        let rig = try PushRig(token: token)
        defer { rig.end() }
        _ = try rig.pusher(to: aggregator.address)
        try rig.collected.line(with: "no such token")
        #expect(rig.collected.count("s3cret") == 0)
    }

    @Test("no sample leaves before the Welcome, also when there are some")
    func patient() throws {
        let aggregator = try FakeAggregator { session in
            try session.hear()
            // Whatever was sent unasked would be heard before the Goodbye.
            try session.listen()
        }
        // So long that a slow handshake does not use it up.
        let rig = try PushRig { $0.connect = .seconds(3) }
        defer { rig.end() }
        try rig.publish(1)
        let running = try rig.session(to: aggregator.address)
        #expect(try running.end(within: .seconds(30)).failure?.contains("no answer to the agent's Hello") == true)
        try aggregator.session(with: "its end") { $0.end }
        #expect(aggregator.sessions.now.first?.heard.count == 1)
    }

    @Test("a client certificate speaks for the node")
    func clientCertificate() throws {
        let pki = TestPKI.shared
        let aggregator = try FakeAggregator(clients: .required(pki.trust))
        let context = try pki.clientContext(identity: pki.clientIdentity(), alpn: [PushProtocol.alpn])
        let rig = try PushRig(context: context)
        defer { rig.end() }
        try rig.publish(1)
        _ = try rig.session(to: aggregator.address)
        try aggregator.batches(1)
        #expect(aggregator.sessions.now.first?.client == "system:node:a")
        #expect(aggregator.sessions.now.first?.hello?.credential == "")
    }

    @Test("an aggregator that wants a client certificate, and gets none or a stranger's, is told apart in the log")
    func clientCertificateRefused() throws {
        let pki = TestPKI.shared
        let aggregator = try FakeAggregator(clients: .required(pki.trust))
        for identity in [nil, try pki.strangerIdentity()] {
            let rig = try PushRig(context: pki.clientContext(identity: identity, alpn: [PushProtocol.alpn]))
            let reason = try rig.session(to: aggregator.address).end().failure
            #expect(reason?.contains("the peer refused our certificate") == true, "\(reason ?? "")")
            #expect(reason?.contains("does it trust our CA") == true)
        }
    }
}
