// SPDX-License-Identifier: Apache-2.0

/// The outcome of looking one object up.
public enum Lookup<Value> {
    case found(Value)
    /// The object exists in the cluster, but there are no figures for it (yet).
    case withoutMetrics
    /// There is no such object.
    case unknown
}

extension Lookup: Sendable where Value: Sendable {}
extension Lookup: Equatable where Value: Equatable {}

/// What the API is answered from: the sample store joined with the cluster's objects.
///
/// Lists hold only objects that have figures, sorted in byte order by name, or by namespace and then name.
public protocol MetricsSource {
    func nodes() -> [NodeFigures]
    func node(named name: String) -> Lookup<NodeFigures>
    /// The pods of one namespace, or of all when `namespace` is nil.
    func pods(inNamespace namespace: String?) -> [PodFigures]
    func pod(namespace: String, name: String) -> Lookup<PodFigures>
}
