// SPDX-License-Identifier: Apache-2.0
import Formats
import Glibc
import KubeTestSupport
import TLS

/// Certificates and tokens of the cluster, and the files that its clients find them in.
struct ClusterAccess {
    static let namespace = "kube-system"
    /// The one that the front proxy's certificate is for.
    private static let proxyName = "front-proxy-client"
    private static let lifetime: Duration = .seconds(86_400)

    private let authority: CertificateAuthority
    private let proxyAuthority: CertificateAuthority

    init() throws {
        authority = try .create(commonName: "bench cluster", validFor: Self.lifetime)
        proxyAuthority = try .create(commonName: "bench front proxy", validFor: Self.lifetime)
    }

    func serverContext() throws -> TLSContext {
        let issued = try authority.issue(
            .init(commonName: "bench API server", ipAddresses: ["127.0.0.1"], usage: .server, validFor: Self.lifetime))
        return try .server(
            identity: TLSIdentity(certificatePEM: issued.certificatePEM, keyPEM: issued.keyPEM), alpn: ["http/1.1"])
    }

    /// The data of `kube-system/extension-apiserver-authentication`.
    var published: [String: String] {
        [
            "client-ca-file": String(decoding: authority.certificatePEM, as: UTF8.self),
            "requestheader-client-ca-file": String(decoding: proxyAuthority.certificatePEM, as: UTF8.self),
            "requestheader-allowed-names": #"["\#(Self.proxyName)"]"#,
            "requestheader-username-headers": #"["X-Remote-User"]"#,
            "requestheader-group-headers": #"["X-Remote-Group"]"#,
            "requestheader-extra-headers-prefix": #"["X-Remote-Extra-"]"#,
        ]
    }

    /// Writes kubeconfig, front-proxy.crt and front-proxy.key.
    func write(to directory: String, server: FakeAPIServer) throws {
        let proxy = try proxyAuthority.issue(
            .init(commonName: Self.proxyName, usage: .client, validFor: Self.lifetime))
        try OutputFile.write("\(directory)/front-proxy.crt", proxy.certificatePEM)
        try OutputFile.write("\(directory)/front-proxy.key", proxy.keyPEM)
        let text = """
            apiVersion: v1
            kind: Config
            current-context: bench
            clusters: [{name: bench, cluster: {server: "\(server.url)",
              certificate-authority-data: \(Base64.encode(authority.certificatePEM))}}]
            users: [{name: bench, user: {token: bench}}]
            contexts: [{name: bench, context: {cluster: bench, user: bench, namespace: \(Self.namespace)}}]

            """
        try OutputFile.write("\(directory)/kubeconfig", Array(text.utf8))
    }

    /// A token of an agent, as long as a real one and like it (KEP-4193): it says when it ends.
    static func token(node: String, until unixSeconds: Int64) -> String {
        let head = #"{"alg":"RS256","kid":"9oYOjq4Hk2Xy4vVNbLwYbq6T8mF3pRz1sC7dKeGhJuA"}"#
        let uid = "5c1be0a2-9d53-4e0a-8b21-9a4f3c2e1d00"
        let body =
            #"{"aud":["metrics-push"],"exp":\#(unixSeconds),"iat":\#(unixSeconds - 86_400),"#
            + #""iss":"https://kubernetes.default.svc.cluster.local","jti":"\#(uid)","kubernetes.io":{"namespace":"#
            + #""\#(namespace)","node":{"name":"\#(node)","uid":"\#(uid)"},"pod":{"name":"metrics-push-agent-x2x7q","#
            + #""uid":"\#(uid)"},"serviceaccount":{"name":"metrics-push-agent","uid":"\#(uid)"}},"#
            + #""nbf":\#(unixSeconds - 86_400),"sub":"system:serviceaccount:\#(namespace):metrics-push-agent"}"#
        // The fake server verifies no signature, it knows its tokens.
        let signature = [UInt8](repeating: 0xA5, count: 256)
        return [Array(head.utf8), Array(body.utf8), signature].map(base64URL).joined(separator: ".")
    }

    private static func base64URL(_ bytes: [UInt8]) -> String {
        String(
            Base64.encode(bytes).compactMap { character in
                switch character {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: character
                }
            })
    }
}

/// Files that appear with all that is in them, or not at all.
enum OutputFile {
    static func write(_ path: String, _ bytes: [UInt8]) throws {
        let draft = path + ".draft"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BenchError("\(draft): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, rename(draft, path) == 0 else {
            throw BenchError("\(path): \(String(cString: strerror(errno)))")
        }
    }
}
