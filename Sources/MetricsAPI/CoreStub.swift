// SPDX-License-Identifier: Apache-2.0

/// A node as the core stub shows it.
public struct CoreNode: Sendable, Equatable {
    public var name: String
    public var labels: Labels
    /// Capacity and allocatable, in thousandths of a core.
    public var cpuMillicores: UInt64
    /// Capacity and allocatable, in bytes.
    public var memoryBytes: UInt64
    /// What `kubectl top node --show-swap` shows a share of; nil when unknown.
    public var swapBytes: UInt64?
    public var ready: Bool
    /// Unix seconds.
    public var creationUnixSeconds: Int64

    public init(
        name: String, labels: Labels = .empty, cpuMillicores: UInt64, memoryBytes: UInt64, swapBytes: UInt64? = nil,
        ready: Bool, creationUnixSeconds: Int64
    ) {
        self.name = name
        self.labels = labels
        self.cpuMillicores = cpuMillicores
        self.memoryBytes = memoryBytes
        self.swapBytes = swapBytes
        self.ready = ready
        self.creationUnixSeconds = creationUnixSeconds
    }
}

/// A pod as the core stub shows it: always Running, for only running pods push samples.
public struct CorePod: Sendable, Equatable {
    public var namespace: String
    public var name: String
    public var uid: String
    public var labels: Labels
    /// Name of the node it runs on.
    public var node: String
    /// Unix seconds; nil when unknown.
    public var startTime: Int64?

    public init(
        namespace: String, name: String, uid: String, labels: Labels = .empty, node: String, startTime: Int64?
    ) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.labels = labels
        self.node = node
        self.startTime = startTime
    }
}

/// What `--standalone` knows of its small cluster. Lists come sorted, as in `MetricsSource`.
public protocol CoreSource: Sendable {
    func coreNodes() -> [CoreNode]
    func corePods() -> [CorePod]
    func namespaces() -> [String]
}

/// Just enough of the core API (`/api/v1`: nodes, namespaces, pods; get and list) for an unmodified `kubectl top` where
/// there is no API server.
public struct CoreStub: Sendable {
    let source: any CoreSource

    public init(source: any CoreSource) { self.source = source }

    public init(_ source: any CoreSource) { self.source = source }

    static let resources = [
        DiscoveredResource(
            name: "namespaces", kind: "Namespace", namespaced: false, singular: "namespace", shortNames: ["ns"]),
        DiscoveredResource(name: "nodes", kind: "Node", namespaced: false, singular: "node", shortNames: ["no"]),
        DiscoveredResource(name: "pods", kind: "Pod", namespaced: true, singular: "pod", shortNames: ["po"]),
    ]

    static let discoveryGroup = AggregatedDiscovery.Group(name: "", versions: [("v1", Self.resources)])
}

enum CoreRoute: Equatable {
    /// `/api`
    case versions
    /// `/api/v1`
    case resources
    case nodes
    case node(String)
    case namespaces
    case namespace(String)
    case pods(namespace: String?)
    case pod(namespace: String, name: String)

    /// From the parts behind `/api`.
    init?(_ parts: [String]) {
        if parts.isEmpty {
            self = .versions
            return
        }
        guard parts[0] == "v1", !parts.contains("") else { return nil }
        switch parts.count {
        case 1: self = .resources
        case 2 where parts[1] == "nodes": self = .nodes
        case 2 where parts[1] == "namespaces": self = .namespaces
        case 2 where parts[1] == "pods": self = .pods(namespace: nil)
        case 3 where parts[1] == "nodes": self = .node(parts[2])
        case 3 where parts[1] == "namespaces": self = .namespace(parts[2])
        case 4 where parts[1] == "namespaces" && parts[3] == "pods": self = .pods(namespace: parts[2])
        case 5 where parts[1] == "namespaces" && parts[3] == "pods":
            self = .pod(namespace: parts[2], name: parts[4])
        default: return nil
        }
    }
}
