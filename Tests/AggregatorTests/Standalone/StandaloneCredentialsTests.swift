// SPDX-License-Identifier: Apache-2.0
import Formats
import TLS
import TLSTestSupport
import Testing

@testable import Aggregator

@Suite("What a standalone aggregator makes for itself")
struct StandaloneCredentialsTests {
    let temporary = TemporaryDirectory()

    private func directory() throws -> StateDirectory { try StateDirectory(path: temporary.file("state")) }

    private func failure(_ directory: StateDirectory) -> String? {
        do {
            _ = try StandaloneCredentials(directory: directory)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("a first start makes a CA and two tokens of 256 bits, a second one uses them again")
    func again() throws {
        let first = try StandaloneCredentials(directory: directory())
        #expect(first.agentToken.count == 64 && first.userToken.count == 64)
        #expect(first.agentToken != first.userToken)
        let second = try StandaloneCredentials(directory: directory())
        #expect(second.agentToken == first.agentToken)
        #expect(second.userToken == first.userToken)
        #expect(second.authority.certificatePEM == first.authority.certificatePEM)
        #expect(second.authority.keyPEM == first.authority.keyPEM)
    }

    @Test("the certificate of both ports holds for the loopback addresses and the host, and leads to the CA")
    func serverCertificate() throws {
        let credentials = try StandaloneCredentials(directory: directory())
        let server = try TLSContext.server(identity: credentials.serverIdentity(hostName: "host-1"))
        for name in ["localhost", "host-1", "127.0.0.1", "::1"] {
            let client = try TLSContext.client(trust: .pem(credentials.authority.certificatePEM))
            let pair = try EnginePair(client: client, server: server, name: name)
            pair.handshake()
            #expect(pair.clientError == nil && pair.serverError == nil, "\(name)")
        }
    }

    @Test("the agent's certificate speaks for its node")
    func agentCertificate() throws {
        let directory = try directory()
        let credentials = try StandaloneCredentials(directory: directory)
        try credentials.writeAgentCertificate(nodeName: "n1", to: directory)
        let authority = TrustRoots.pem(credentials.authority.certificatePEM)
        let identity = try TLSIdentity(
            certificateFile: directory.path(of: "agent.crt"), keyFile: directory.path(of: "agent.key"))
        let pair = try EnginePair(
            client: .client(trust: authority, identity: identity),
            server: .server(identity: credentials.serverIdentity(hostName: "h"), clients: .required(authority)))
        pair.handshake()
        let certificate = try #require(pair.server.peerCertificate)
        #expect(
            AgentVerdict.of(certificate, node: "n1")
                == .accepted(untilUnixSeconds: certificate.notAfterUnixSeconds))
        #expect(certificate.organizations == ["system:nodes"])
    }

    @Test("a CA that is broken, or whose key is another's, is not replaced but named with the way out")
    func brokenCA() throws {
        let directory = try directory()
        _ = try StandaloneCredentials(directory: directory)
        let words = "\(directory.path)/ca.crt and ca.key are not a usable CA: "
        let other = try CertificateAuthority.create(commonName: "other", validFor: .seconds(60))
        for key in [Array("garbage".utf8), [], other.keyPEM] {
            try directory.write("ca.key", key)
            let text = try #require(failure(directory))
            #expect(text.hasPrefix(words), "\(text)")
            #expect(text.hasSuffix("; delete \(directory.path) to start anew"), "\(text)")
            #expect(try directory.read("ca.key") == key)
        }
    }

    @Test("a first start that was cut short is made up for by the next")
    func cutShort() throws {
        let directory = try directory()
        try directory.write("ca.key", TestPKI.shared.authority.keyPEM)
        let credentials = try StandaloneCredentials(directory: directory)
        #expect(try directory.read("ca.key") == credentials.authority.keyPEM)
        #expect(failure(directory) == nil)
    }

    @Test("a token file may end in line ends, and a token of one's own is taken")
    func ownToken() throws {
        let directory = try directory()
        let token = String(repeating: "t0ken-", count: 6)
        try directory.write("user-token", Array("\(token)\r\n\n".utf8))
        #expect(try StandaloneCredentials(directory: directory).userToken == Array(token.utf8))
    }

    @Test("a token that is too short to be one is refused, not replaced", arguments: ["", "\n", "short\n"])
    func shortToken(text: String) throws {
        let directory = try directory()
        try directory.write("agent-token", Array(text.utf8))
        #expect(
            failure(directory) == "\(directory.path)/agent-token holds no token; delete it to have a new one made")
        #expect(try directory.read("agent-token") == Array(text.utf8))
    }

    static let hasKubectl = (try? ChildProcess.run(["kubectl", "version", "--client"]).status) == 0

    @Test(
        "kubectl reads the kubeconfig, whatever the token and the address look like", .enabled(if: hasKubectl),
        arguments: [
            nil, String(repeating: "1234", count: 10), "0x" + String(repeating: "f", count: 32),
            "{\"a\":\"\\\\\"}#'&*!|>%@`" + String(repeating: "~", count: 20),
        ])
    func kubeconfig(token: String?) throws {
        let directory = try directory()
        if let token { try directory.write("user-token", Array(token.utf8)) }
        let credentials = try StandaloneCredentials(directory: directory)
        try credentials.writeKubeconfig(server: "https://[::1]:4443", to: directory)
        func view(_ path: String) throws -> String {
            try ChildProcess.check([
                "kubectl", "config", "view", "--raw", "--minify", "--kubeconfig", directory.path(of: "kubeconfig"),
                "-o", "jsonpath={\(path)}",
            ])
        }
        #expect(try view(".users[0].user.token") == String(decoding: credentials.userToken, as: UTF8.self))
        #expect(try view(".clusters[0].cluster.server") == "https://[::1]:4443")
        #expect(
            try view(".clusters[0].cluster.certificate-authority-data")
                == Base64.encode(credentials.authority.certificatePEM))
        #expect(try view(".current-context") == "metrics-push")
    }
}
