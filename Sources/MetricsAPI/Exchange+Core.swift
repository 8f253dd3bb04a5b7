// SPDX-License-Identifier: Apache-2.0
import Formats

extension Exchange {
    func core(_ route: CoreRoute, _ stub: CoreStub) throws(Status) -> APIResponse {
        switch route {
        case .versions:
            return try self.discovery(
                LegacyDiscovery.coreVersions(serverAddress: self.handler.serverAddress),
                aggregated: CoreStub.discoveryGroup)
        case .resources:
            return try self.discovery(LegacyDiscovery.resources(CoreStub.resources, groupVersion: "v1"))
        case .nodes: return try self.list(stub.source.coreNodes(), resource: "nodes")
        case .namespaces: return try self.list(stub.namespaces, resource: "namespaces")
        case .pods(let namespace): return try self.list(stub.pods(in: namespace), resource: "pods")
        case .node(let name):
            return try self.single(stub.source.coreNodes().first { $0.name == name }, resource: "nodes", name: name)
        case .namespace(let name):
            return try self.single(stub.namespaces.first { $0.name == name }, resource: "namespaces", name: name)
        case .pod(let namespace, let name):
            return try self.single(
                stub.pods(in: namespace).first { $0.name == name }, resource: "pods", name: name)
        }
    }

    /// Plain objects only: kubectl lists JSON as its last alternative and does its own columns from that.
    private func list<Object: CoreObject>(_ all: [Object], resource: String) throws(Status) -> APIResponse {
        let format = try self.format(.nothing, available: MediaType.allCases.map(\.name))
        let options = try ListOptions(self.query)
        if options.watch { throw .watchNotSupported(group: "", resource: resource) }
        if let unknown = options.fields.terms.first(where: { !Self.selectable(resource).contains($0.field) }) {
            throw .badRequest("field label not supported: \(unknown.field)")
        }
        let objects = all.filter { object in
            options.labels.matches(object.labels) && options.fields.matches { object.field($0) ?? "" }
        }
        return APIResponse(
            format: format,
            json: .members(
                ("kind", .string("\(Object.kind)List")), ("apiVersion", .string("v1")), ("metadata", .object([])),
                ("items", .array(objects.map { .object($0.members) })))
        ) { out in
            out.kubernetesEnvelope(apiVersion: "v1", kind: "\(Object.kind)List") { out in
                out.message(1) { _ in }
                for object in objects { out.message(2, lengthBytes: 2) { out in object.write(to: &out) } }
            }
        }
    }

    private static func selectable(_ resource: String) -> [String] {
        switch resource {
        case "nodes": ["metadata.name", "spec.unschedulable"]
        case "pods": ["metadata.name", "metadata.namespace", "spec.nodeName", "status.phase"]
        default: ["metadata.name", "status.phase"]
        }
    }

    private func single<Object: CoreObject>(
        _ object: Object?, resource: String, name: String
    ) throws(Status) -> APIResponse {
        let format = try self.format(.nothing, available: MediaType.allCases.map(\.name))
        guard let object else { throw .notFound(kind: resource, name: name) }
        let header: [JSONValue.Member] = [
            .init(name: "kind", value: .string(Object.kind)), .init(name: "apiVersion", value: .string("v1")),
        ]
        return APIResponse(format: format, json: .object(header + object.members)) { out in
            out.kubernetesEnvelope(apiVersion: "v1", kind: Object.kind) { out in object.write(to: &out) }
        }
    }
}

extension CoreStub {
    fileprivate var namespaces: [CoreNamespace] { self.source.namespaces().map(CoreNamespace.init(name:)) }

    fileprivate func pods(in namespace: String?) -> [CorePod] {
        let pods = self.source.corePods()
        guard let namespace else { return pods }
        return pods.filter { $0.namespace == namespace }
    }
}
