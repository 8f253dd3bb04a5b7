// SPDX-License-Identifier: Apache-2.0
import Formats
import Synchronization

/// An entry of the aggregation layer that a fake API server keeps: read, and patched with a CA bundle.
public final class FakeAPIService: Sendable {
    private struct State {
        var service: (namespace: String, name: String)?
        var bundle: [UInt8] = []
        var patches = 0
    }

    private let name: String
    private let state = Mutex(State())

    /// - Parameter service: that it leads to.
    public init(_ server: FakeAPIServer, name: String, namespace: String, service: String) {
        self.name = name
        point(to: (namespace, service))
        let path = "/apis/apiregistration.k8s.io/v1/apiservices/\(name)"
        server.on("GET \(path)") { [self] _ in read() }
        server.on("PATCH \(path)") { [self] in patch($0.body) }
    }

    /// PEM.
    public var bundle: [UInt8] { state.withLock { $0.bundle } }
    public var patches: Int { state.withLock { $0.patches } }

    /// As if it had been made anew; nil: it does not exist.
    public func point(to service: (namespace: String, name: String)?) {
        state.withLock { ($0.service, $0.bundle) = (service, []) }
    }

    private func read() -> FakeAPIServer.Reply {
        let (service, bundle) = state.withLock { ($0.service, $0.bundle) }
        guard let service else { return .status(404, "NotFound", "\(name) not found") }
        let reference = KubeProto().text(1, service.namespace).text(2, service.name).number(3, 443)
        let spec = KubeProto().message(1, reference).raw(5, bundle)
        return .protobuf(
            KubeProto.envelope(
                "apiregistration.k8s.io/v1", "APIService",
                KubeProto().message(1, KubeProto.metadata(name)).message(2, spec)))
    }

    private func patch(_ body: [UInt8]) -> FakeAPIServer.Reply {
        guard case .string(let text) = JSONValue(parsing: body)?["spec"]?["caBundle"],
            let bundle = Base64.decode(text.utf8)
        else { return .status(400, "BadRequest", "no caBundle") }
        state.withLock { state in
            state.patches += 1
            state.bundle = bundle
        }
        return read()
    }
}
