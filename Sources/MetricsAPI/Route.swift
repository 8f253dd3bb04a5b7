// SPDX-License-Identifier: Apache-2.0

/// The served versions of metrics.k8s.io. Both have one schema.
///
/// v1 first, so it is the preferred one: newer kubectl takes the first version in discovery order that it knows (v1,
/// then v1beta1), and generic clients (`kubectl get podmetrics`) the preferred one. Older kubectl, HPA and VPA ask for
/// v1beta1 by name, wherever it stands in the list.
public enum MetricsVersion: String, CaseIterable, Sendable {
    case v1, v1beta1

    static let group = "metrics.k8s.io"

    var groupVersion: String { "\(Self.group)/\(self.rawValue)" }

    /// The APIService that leads to it.
    public var apiServiceName: String { "\(self.rawValue).\(Self.group)" }
}

/// Where a path leads.
enum Route: Equatable {
    case version
    /// `/apis`
    case groups
    /// `/apis/metrics.k8s.io`
    case group
    /// `/apis/metrics.k8s.io/VERSION`
    case resources(MetricsVersion)
    case nodes(MetricsVersion)
    case node(MetricsVersion, name: String)
    case pods(MetricsVersion, namespace: String?)
    case pod(MetricsVersion, namespace: String, name: String)
    /// `/apis/metrics.k8s.io/VERSION/watch/…`, the older way to watch; a name selects one object.
    case watch(MetricsVersion, FiguresList.Kind, namespace: String?, name: String?)
    case core(CoreRoute)
    case index
    /// Below a served prefix, but nothing there: a Status.
    case noSuchEndpoint
    /// Outside of everything: the index of paths.
    case nowhere

    /// `path` is decoded. A slash at the end makes no difference.
    init(path: String, hasCore: Bool) {
        let trimmed = RequestAttributes.trimmed(path)
        if trimmed.isEmpty {
            self = .index
            return
        }
        // No endpoint is deeper than seven parts; what is longer stays in the last one and matches nothing.
        let parts = trimmed.split(separator: "/", maxSplits: 8, omittingEmptySubsequences: false).map(String.init)
        switch parts[0] {
        case "version" where parts.count == 1: self = .version
        case "apis" where parts.count == 1: self = .groups
        case "apis" where parts[1] == MetricsVersion.group: self = Self.metrics(Array(parts.dropFirst(2)))
        case "api" where hasCore: self = CoreRoute(Array(parts.dropFirst())).map(Route.core) ?? .noSuchEndpoint
        default: self = .nowhere
        }
    }

    private static func metrics(_ parts: [String]) -> Route {
        guard let first = parts.first else { return .group }
        guard let version = MetricsVersion(rawValue: first), !parts.contains("") else { return .noSuchEndpoint }
        if parts.count > 2, parts[1] == "watch" {
            return switch Self.metrics([first] + parts.dropFirst(2)) {
            case .nodes: .watch(version, .nodes, namespace: nil, name: nil)
            case .node(_, let name): .watch(version, .nodes, namespace: nil, name: name)
            case .pods(_, let namespace): .watch(version, .pods, namespace: namespace, name: nil)
            case .pod(_, let namespace, let name): .watch(version, .pods, namespace: namespace, name: name)
            default: .noSuchEndpoint
            }
        }
        switch parts.count {
        case 1: return .resources(version)
        case 2 where parts[1] == "nodes": return .nodes(version)
        case 2 where parts[1] == "pods": return .pods(version, namespace: nil)
        case 3 where parts[1] == "nodes": return .node(version, name: parts[2])
        case 4 where parts[1] == "namespaces" && parts[3] == "pods": return .pods(version, namespace: parts[2])
        case 5 where parts[1] == "namespaces" && parts[3] == "pods":
            return .pod(version, namespace: parts[2], name: parts[4])
        default: return .noSuchEndpoint
        }
    }
}
