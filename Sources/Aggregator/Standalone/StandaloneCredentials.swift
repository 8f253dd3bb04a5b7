// SPDX-License-Identifier: Apache-2.0
import Formats
import TLS

/// What `--standalone` makes on its first start and keeps in its state directory: a CA, the agents' token and client
/// certificate, and the user's token. The same files are used again on the next start, so agents reconnect.
struct StandaloneCredentials: Sendable {
    let authority: CertificateAuthority
    let agentToken: [UInt8]
    let userToken: [UInt8]

    enum File {
        static let authority = "ca.crt"
        static let authorityKey = "ca.key"
        static let agentToken = "agent-token"
        static let agentCertificate = "agent.crt"
        static let agentKey = "agent.key"
        static let userToken = "user-token"
        static let kubeconfig = "kubeconfig"
        static let pushAddress = "push-address"
    }

    /// A state directory is for trying things out and for single machines; nobody rotates its CA.
    private static let authorityLifetime: Duration = .seconds(10 * 365 * 86_400)
    /// Leaves are made anew with each start.
    static let leafLifetime: Duration = .seconds(365 * 86_400)

    init(directory: StateDirectory) throws {
        authority = try Self.loadAuthority(directory)
        agentToken = try Self.loadToken(File.agentToken, directory)
        userToken = try Self.loadToken(File.userToken, directory)
    }

    private static func loadAuthority(_ directory: StateDirectory) throws -> CertificateAuthority {
        let certificate = try directory.read(File.authority)
        let key = try directory.read(File.authorityKey)
        if let certificate, let key {
            do {
                return try CertificateAuthority(certificatePEM: certificate, keyPEM: key)
            } catch {
                throw StateDirectory.Failure(
                    description: "\(directory.path(of: File.authority)) and \(File.authorityKey) are not a usable CA: "
                        + "\(error); delete \(directory.path) to start anew")
            }
        }
        let made = try CertificateAuthority.create(commonName: "metrics-push standalone", validFor: authorityLifetime)
        try directory.write(File.authorityKey, made.keyPEM)
        try directory.write(File.authority, made.certificatePEM)
        return made
    }

    private static func loadToken(_ name: String, _ directory: StateDirectory) throws -> [UInt8] {
        if let bytes = try directory.read(name) {
            let token = bytes.filter { $0 > 0x20 && $0 < 0x7f }
            guard token.count >= 32 else {
                throw StateDirectory.Failure(
                    description: "\(directory.path(of: name)) holds no token; delete it to have a new one made")
            }
            return token
        }
        let digits = Array("0123456789abcdef".utf8)
        let token = try Crypto.randomBytes(32).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        try directory.write(name, token + [0x0a])
        return token
    }

    /// The certificate that both ports serve on the loopback addresses.
    /// - Parameter address: the one that they listen on.
    func serverIdentity(hostName: String, address: String = "127.0.0.1") throws -> TLSIdentity {
        let usual = ["127.0.0.1", "::1"]
        let issued = try authority.issue(
            .init(
                commonName: "metrics-push aggregator", organizations: [],
                dnsNames: ["localhost", hostName],
                ipAddresses: usual.contains(address) ? usual : usual + [address], usage: .server,
                validFor: Self.leafLifetime))
        return try TLSIdentity(certificatePEM: issued.certificatePEM, keyPEM: issued.keyPEM)
    }

    /// A client certificate for agents that would rather not use the token.
    func writeAgentCertificate(nodeName: String, to directory: StateDirectory) throws {
        let issued = try authority.issue(
            .init(
                commonName: "system:node:\(nodeName)", organizations: ["system:nodes"], dnsNames: [],
                ipAddresses: [], usage: .client, validFor: Self.leafLifetime))
        try directory.write(File.agentKey, issued.keyPEM)
        try directory.write(File.agentCertificate, issued.certificatePEM)
    }

    /// A token of the user's own may look like a number or like anything else to YAML. It has printable ASCII only.
    private static func quoted(_ token: [UInt8]) -> String {
        let escaped = token.flatMap { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") ? [0x5c, $0] : [$0] }
        return "\"\(String(decoding: escaped, as: UTF8.self))\""
    }

    func writeKubeconfig(server: String, to directory: StateDirectory) throws {
        try directory.write(
            File.kubeconfig,
            Array(
                """
                apiVersion: v1
                kind: Config
                current-context: metrics-push
                clusters:
                - name: metrics-push
                  cluster:
                    server: \(server)
                    certificate-authority-data: \(Base64.encode(authority.certificatePEM))
                users:
                - name: standalone-admin
                  user:
                    token: \(Self.quoted(userToken))
                contexts:
                - name: metrics-push
                  context:
                    cluster: metrics-push
                    user: standalone-admin

                """.utf8))
    }
}
