// SPDX-License-Identifier: Apache-2.0

/// A collection of objects: all of a kind, or those of one namespace.
public struct KubeResource: Sendable, Hashable, CustomStringConvertible {
    /// Empty for the core group.
    public let group: String
    public let version: String
    /// Such as `pods`.
    public let plural: String
    /// nil: cluster-wide, or all namespaces.
    public let namespace: String?

    public init(group: String = "", version: String = "v1", plural: String, namespace: String? = nil) {
        self.group = group
        self.version = version
        self.plural = plural
        self.namespace = namespace
    }

    static func core(_ plural: String, namespace: String) -> KubeResource {
        KubeResource(plural: plural, namespace: namespace)
    }

    static let apiServices = KubeResource(group: "apiregistration.k8s.io", plural: "apiservices")

    /// The collection's path, escaped.
    var path: String {
        let base = group.isEmpty ? KubeRequest.path("api", version) : KubeRequest.path("apis", group, version)
        return base + (namespace.map { KubeRequest.path("namespaces", $0) } ?? "") + KubeRequest.path(plural)
    }

    /// The path of one object in it.
    func path(_ name: String) -> String { path + KubeRequest.path(name) }

    /// Such as `pods` or `kube-system/configmaps`, for messages.
    public var description: String {
        let kind = group.isEmpty ? plural : "\(plural).\(group)"
        return namespace.map { "\($0)/\(kind)" } ?? kind
    }
}
