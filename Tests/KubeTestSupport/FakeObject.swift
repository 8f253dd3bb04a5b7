// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// One object that a fake API server keeps as a real one does: made once, and written back only by who has read its
/// newest version.
public final class FakeObject: Sendable {
    private struct State {
        var stored: KubeProto.Fields?
        var version = 100
        var writes: [String] = []
    }

    private let kind: String
    private let name: String
    private let state = Mutex(State())

    /// - Parameters:
    ///   - collection: the path of its collection, such as `/api/v1/namespaces/ns/secrets`.
    public init(_ server: FakeAPIServer, kind: String, collection: String, name: String) {
        self.kind = kind
        self.name = name
        server.on("GET \(collection)/\(name)") { [self] _ in read() }
        server.on("POST \(collection)") { [self] in create($0.body) }
        server.on("PUT \(collection)/\(name)") { [self] in update($0.body) }
    }

    /// The data of a ConfigMap or Secret; nil: it does not exist.
    public var data: [String: [UInt8]]? { state.withLock { $0.stored?.map(2) } }
    public var labels: [String: [UInt8]]? { state.withLock { $0.stored?.message(1).map(11) } }
    /// The methods that wrote it, in order.
    public var writes: [String] { state.withLock { $0.writes } }

    public func delete() { state.withLock { $0.stored = nil } }

    /// As somebody else would have written it.
    public func put(_ data: [String: [UInt8]], labels: [String: String] = [:]) {
        state.withLock { state in
            state.version += 1
            let metadata = KubeProto.metadata(name, namespace: "kube-system", labels: labels)
            let object = data.reduce(KubeProto().message(1, metadata)) {
                $0.message(2, KubeProto().text(1, $1.key).raw(2, $1.value))
            }
            state.stored = Self.stamped(KubeProto.Fields(object.bytes), state.version)
        }
    }

    private static func stamped(_ object: KubeProto.Fields, _ version: Int) -> KubeProto.Fields {
        let metadata = object.message(1).with(6, Array("\(version)".utf8))
        return KubeProto.Fields(object.with(1, metadata.bytes).bytes)
    }

    private func read() -> FakeAPIServer.Reply {
        guard let stored = state.withLock({ $0.stored }) else { return .status(404, "NotFound", "not found") }
        return answer(stored)
    }

    private func create(_ body: [UInt8]) -> FakeAPIServer.Reply {
        let made = state.withLock { state -> KubeProto.Fields? in
            guard state.stored == nil else { return nil }
            return store(body, "POST", &state)
        }
        return made.map(answer) ?? .status(409, "AlreadyExists", "already exists")
    }

    private func update(_ body: [UInt8]) -> FakeAPIServer.Reply {
        let version = KubeProto.Fields(body: body).message(1).text(6)
        let written = state.withLock { state -> KubeProto.Fields? in
            // As the real one: who names no version overwrites whatever is there.
            guard state.stored != nil, version.isEmpty || version == "\(state.version)" else { return nil }
            return store(body, "PUT", &state)
        }
        return written.map(answer) ?? .status(409, "Conflict", "the object has been modified")
    }

    private func store(_ body: [UInt8], _ method: String, _ state: inout State) -> KubeProto.Fields {
        state.version += 1
        state.writes.append(method)
        let object = Self.stamped(KubeProto.Fields(body: body), state.version)
        state.stored = object
        return object
    }

    private func answer(_ object: KubeProto.Fields) -> FakeAPIServer.Reply {
        .protobuf(KubeProto.envelope("v1", kind, object.with(1, object.bytes(1))))
    }
}
