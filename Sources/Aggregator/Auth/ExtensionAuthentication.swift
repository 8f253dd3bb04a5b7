// SPDX-License-Identifier: Apache-2.0
import Formats
import TLS

/// What `kube-system/extension-apiserver-authentication` says: the API server publishes there, for extension servers,
/// which CAs it uses and how its aggregation layer passes users on.
///
/// Values are kept as text until trust is made of them, so that two of them can be compared.
struct ExtensionAuthentication: Equatable, Sendable {
    static let namespace = "kube-system"
    static let configMapName = "extension-apiserver-authentication"

    /// PEM; nil where the API server does not authenticate users by certificate.
    var clientCA: String?
    /// PEM; nil where the API server has no aggregation layer configured.
    var frontProxyCA: String?
    var allowedNames: [String] = []
    var headers = FrontProxyHeaders()

    init(clientCA: String? = nil, frontProxyCA: String? = nil) {
        self.clientCA = clientCA
        self.frontProxyCA = frontProxyCA
    }

    /// - Parameter data: of the ConfigMap.
    /// - Throws: `Malformed` that names the key.
    init(data: [String: String]) throws(Malformed) {
        clientCA = Self.text("client-ca-file", in: data)
        frontProxyCA = Self.text("requestheader-client-ca-file", in: data)
        allowedNames = try Self.list("requestheader-allowed-names", in: data) ?? []
        if let names = try Self.list("requestheader-username-headers", in: data) { headers.usernames = names }
        if let names = try Self.list("requestheader-uid-headers", in: data) { headers.uids = names }
        if let names = try Self.list("requestheader-group-headers", in: data) { headers.groups = names }
        if let prefixes = try Self.list("requestheader-extra-headers-prefix", in: data) {
            headers.extraPrefixes = prefixes.filter { !$0.isEmpty }
        }
    }

    struct Malformed: Error, Equatable, CustomStringConvertible {
        let key: String

        var description: String {
            "the key \(key) of ConfigMap \(namespace)/\(configMapName) is not a JSON list of strings; "
                + "the API server writes it from its --\(key) flag"
        }
    }

    private static func text(_ key: String, in data: [String: String]) -> String? {
        data[key].flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func list(_ key: String, in data: [String: String]) throws(Malformed) -> [String]? {
        guard let text = text(key, in: data) else { return nil }
        let value = JSONValue(parsing: Array(text.utf8))
        if value == .null { return [] }
        guard let names = value?.texts else { throw Malformed(key: key) }
        return names
    }

    /// - Throws: when one of the CAs is no PEM certificate.
    func trust() throws(TLSError) -> ClientTrust {
        var trust = ClientTrust()
        if let frontProxyCA {
            trust.frontProxy = ClientTrust.FrontProxy(
                verifier: try CertificateVerifier(trust: .pem(Array(frontProxyCA.utf8))), allowedNames: allowedNames,
                headers: headers)
        }
        if let clientCA { trust.users = try CertificateVerifier(trust: .pem(Array(clientCA.utf8))) }
        return trust
    }
}

/// What the command line puts in place of the ConfigMap's values (`--client-ca-file`, `--requestheader-*`).
struct ExtensionAuthenticationOverrides: Equatable, Sendable {
    var clientCA: String?
    var frontProxyCA: String?
    var allowedNames: [String]?
    var usernameHeaders: [String]?
    var uidHeaders: [String]?
    var groupHeaders: [String]?
    var extraHeaderPrefixes: [String]?

    func applied(to published: ExtensionAuthentication) -> ExtensionAuthentication {
        var result = published
        if let clientCA { result.clientCA = clientCA }
        if let frontProxyCA { result.frontProxyCA = frontProxyCA }
        if let allowedNames { result.allowedNames = allowedNames }
        if let usernameHeaders { result.headers.usernames = usernameHeaders }
        if let uidHeaders { result.headers.uids = uidHeaders }
        if let groupHeaders { result.headers.groups = groupHeaders }
        if let extraHeaderPrefixes { result.headers.extraPrefixes = extraHeaderPrefixes }
        return result
    }
}
