// SPDX-License-Identifier: Apache-2.0
import Formats
import KubeTestSupport
import TLS
import TLSTestSupport
import Testing

@testable import KubeAPI

@Suite("Where the API server is")
struct ConfigurationTests {
    private func error(_ body: () throws -> KubeConfiguration) -> String {
        do {
            return "no error: \(try body().server)"
        } catch {
            return "\(error)"
        }
    }

    private static let pod = ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"]

    @Test("in a pod")
    func inCluster() throws {
        let files = ClusterFiles()
        let configuration = try KubeConfiguration.inCluster(
            directory: files.directory.path, environment: Self.pod.lookUp)
        #expect(configuration.server == "https://10.0.0.1:443")
        #expect(configuration.namespace == "kube-system")
        #expect(try CredentialSet.load(configuration).token == "token-1")
        let six = Self.pod.merging(["KUBERNETES_SERVICE_HOST": "fd00::1"]) { $1 }
        #expect(
            try KubeConfiguration.inCluster(directory: files.directory.path, environment: six.lookUp).server
                == "https://[fd00::1]:443")
    }

    @Test(
        "what is missing in a pod is named",
        arguments: [
            (["KUBERNETES_SERVICE_HOST": ""], "KUBERNETES_SERVICE_HOST is not set"),
            (["KUBERNETES_SERVICE_PORT": ""], "KUBERNETES_SERVICE_PORT is not set"),
            (["KUBERNETES_SERVICE_PORT": "65536"], "is '65536', which is no port"),
            (["KUBERNETES_SERVICE_HOST": "a b"], "KUBERNETES_SERVICE_HOST is 'a b'"),
        ])
    func missingVariables(change: [String: String], words: String) {
        let files = ClusterFiles()
        let environment = Self.pod.merging(change) { $1 }.lookUp
        let text = error { try .inCluster(directory: files.directory.path, environment: environment) }
        #expect(text.contains(words))
    }

    @Test("files that are missing, empty or garbage in a pod are named")
    func missingFiles() {
        let text = error { try .inCluster(directory: "/nonexistent", environment: Self.pod.lookUp) }
        #expect(text.contains("/nonexistent/token"))
        #expect(text.contains("automountServiceAccountToken"))
        let files = ClusterFiles()
        files.write(ca: Array("garbage".utf8))
        func fails() -> String {
            error { try .inCluster(directory: files.directory.path, environment: Self.pod.lookUp) }
        }
        #expect(fails().contains("\(files.directory.path)/ca.crt"))
        for token in ["", "two words", "line\nbreak", "ü"] {
            files.write(token: token)
            #expect(fails().contains("\(files.directory.path)/token"))
        }
    }

    // MARK: kubeconfig

    /// Writes a kubeconfig with one cluster, one user, and a context of both.
    private func kubeconfig(
        _ files: ClusterFiles, cluster: String = "", user: String = "", server: String = "https://api.example.com:6443",
        authority: String = "certificate-authority: ca.crt"
    ) -> String {
        files.directory.write(
            "config",
            Array(
                """
                apiVersion: v1
                kind: Config
                current-context: main
                contexts:
                - name: other
                  context: {cluster: nowhere, user: nobody}
                - name: main
                  context:
                    cluster: c
                    user: u
                    namespace: team
                clusters:
                - name: c
                  cluster:
                    server: \(server)
                    \(authority)
                    \(cluster)
                users:
                - name: u
                  user:
                    placeholder: x
                    \(user)
                """.utf8))
    }

    @Test("a kubeconfig with paths relative to it, a token file, a server name")
    func paths() throws {
        let files = ClusterFiles()
        let path = kubeconfig(files, cluster: "tls-server-name: localhost", user: "tokenFile: token")
        let configuration = try KubeConfiguration.kubeconfig(path: path)
        #expect(configuration.server == "https://api.example.com:6443")
        #expect(configuration.namespace == "team")
        #expect(configuration.tlsServerName == "localhost")
        #expect(configuration.token == .file("\(files.directory.path)/token"))
        #expect(configuration.authority == .file("\(files.directory.path)/ca.crt"))
        #expect(try CredentialSet.load(configuration).token == "token-1")
    }

    @Test("a kubeconfig with everything in it")
    func inline() throws {
        let files = ClusterFiles()
        let pki = TestPKI.shared
        let user = """
            client-certificate-data: \(Base64.encode(pki.client.certificatePEM))
                client-key-data: \(Base64.encode(pki.client.keyPEM))
                token: abc
            """
        let path = kubeconfig(
            files, user: user,
            authority: "certificate-authority-data: \(Base64.encode(pki.authority.certificatePEM))")
        let configuration = try KubeConfiguration.kubeconfig(path: path)
        #expect(configuration.token == .bytes(Array("abc".utf8)))
        #expect(configuration.clientIdentity != nil)
        #expect(configuration.authority == .bytes(pki.authority.certificatePEM))
    }

    @Test("a context by name; one that is missing; a cluster that is missing")
    func contexts() throws {
        let files = ClusterFiles()
        let path = kubeconfig(files)
        #expect(try KubeConfiguration.kubeconfig(path: path, context: "main").namespace == "team")
        #expect(
            error { try .kubeconfig(path: path, context: "none") }.contains("wants 'none', which is not in contexts"))
        #expect(
            error { try .kubeconfig(path: path, context: "other") }
                .contains("context 'other' wants 'nowhere', which is not in clusters"))
    }

    @Test(
        "what we do not do is refused by name, with the way out",
        arguments: [
            ("insecure-skip-tls-verify: true", "", "certificate-authority-data instead"),
            ("proxy-url: http://proxy", "", "clusters['c'].cluster.proxy-url is not supported"),
            ("", "exec: {command: aws}", "users['u'].user.exec is not supported"),
            ("", "auth-provider: {name: gcp}", "users['u'].user.auth-provider is not supported"),
            ("", "username: me", "users['u'].user.username is not supported"),
            ("", "as: somebody", "users['u'].user.as is not supported"),
            ("", "client-key: key", "users['u'].user.client-certificate is missing"),
            ("", "client-certificate: cert", "users['u'].user.client-key is missing"),
            ("", "client-key-data: '***'", "users['u'].user.client-key-data is not base64"),
            ("", "tokenFile: [a]", "users['u'].user.tokenFile is not a text"),
            ("", "tokenFile: nonexistent", "/nonexistent"),
            ("insecure-skip-tls-verify: maybe", "", "neither true nor false"),
        ])
    func refusals(cluster: String, user: String, words: String) {
        let files = ClusterFiles()
        let path = kubeconfig(files, cluster: cluster, user: user)
        let text = error { try .kubeconfig(path: path) }
        #expect(text.contains(words) && text.contains(path))
    }

    @Test("insecure-skip-tls-verify: false and empty fields are as good as none")
    func harmless() throws {
        let files = ClusterFiles()
        let path = kubeconfig(files, cluster: "insecure-skip-tls-verify: false", user: "exec: null\n    token: ''")
        #expect(try KubeConfiguration.kubeconfig(path: path).token == nil)
    }

    @Test("a cluster without a CA, or without TLS")
    func noAuthority() {
        let files = ClusterFiles()
        #expect(
            error { try .kubeconfig(path: kubeconfig(files, authority: "")) }.contains("the system's CAs are not used"))
        #expect(error { try .kubeconfig(path: kubeconfig(files, server: "http://x")) }.contains("without TLS"))
    }

    @Test(
        "files that are no kubeconfig",
        arguments: ["", "a: [", "- 1", "just text", "\u{0}", "a: &a [*a]", "current-context: x"])
    func garbage(text: String) {
        let files = ClusterFiles()
        let path = files.directory.write("config", Array(text.utf8))
        #expect(error { try .kubeconfig(path: path) }.contains(path))
    }

    @Test("a kubeconfig that is not there")
    func missingFile() {
        #expect(error { try .kubeconfig(path: "/nonexistent/config") }.contains("/nonexistent/config"))
    }

    @Test(
        "server addresses",
        arguments: [
            ("https://a.b:6443", "https://a.b:6443"), ("https://a.b", "https://a.b:443"),
            ("https://[fd00::1]:6443/", "https://[fd00::1]:6443"), ("https://[::1]", "https://[::1]:443"),
            ("HTTPS://a.b/k8s/c-1/", "https://a.b:443/k8s/c-1"), ("https://1.2.3.4", "https://1.2.3.4:443"),
        ])
    func servers(text: String, url: String) throws { #expect("\(try ServerURL(text))" == url) }

    @Test(
        "what is no server address",
        arguments: [
            "", "https://", "a.b:443", "https://a b", "https://a.b:0", "https://a.b:70000", "https://a.b:x",
            "https://u@a.b", "https://a.b/?x", "https://a.b/\r\nX: y", "https://[::1", "https://a.b/#x",
        ])
    func badServers(text: String) { #expect(throws: KubeConfigurationError.self) { try ServerURL(text) } }
}
