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
/// Lists hold only objects that have figures, sorted in byte order by name, or by namespace and then name. All of it may be
/// called from any thread.
public protocol MetricsSource: Sendable {
    func nodes(_ selection: Selection) -> FiguresList
    /// A list of one.
    func node(named name: String) -> Lookup<FiguresList>
    func pods(_ selection: Selection) -> FiguresList
    /// A list of one.
    func pod(namespace: String, name: String) -> Lookup<FiguresList>
    /// How many objects are looked at for a list, roughly, and without looking at them: how long an answer will take.
    func size(of kind: FiguresList.Kind, _ selection: Selection) -> Int
}
