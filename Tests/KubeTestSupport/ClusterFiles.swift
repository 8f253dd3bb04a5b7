// SPDX-License-Identifier: Apache-2.0
import TLS
public import TLSTestSupport

/// What a pod or an operator has to reach a fake API server.
public struct ClusterFiles: Sendable {
    public let directory = TemporaryDirectory()

    /// - Parameters:
    ///   - token: what the ServiceAccount's token file says.
    ///   - ca: PEM; nil: the test PKI's.
    public init(token: String = "token-1", ca: [UInt8]? = nil) {
        write(token: token)
        write(ca: ca ?? TestPKI.shared.authority.certificatePEM)
        _ = directory.write("namespace", Array("kube-system".utf8))
    }

    public func write(token: String) { _ = directory.write("token", Array("\(token)\n".utf8)) }
    public func write(ca: [UInt8]) { _ = directory.write("ca.crt", ca) }

    /// The environment of a pod.
    public func environment(_ server: FakeAPIServer) -> (String) -> String? {
        ["KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "\(server.port)"].lookUp
    }
}

extension [String: String] {
    /// As a function, for what takes an environment.
    public var lookUp: (String) -> String? { { self[$0] } }
}
