// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// Answers from what the agents report alone: nodes are those that push, pods those that they name.
struct StandaloneSource: MetricsSource, CoreSource {
    let store: SampleStore

    private func fresh<Result>(_ record: NodeRecord, _ body: (borrowing NodeSeries) -> Result) -> Result? {
        record.whileFresh(store.configuration, now: .now, body)
    }

    // MARK: Nodes

    func nodes(_ selection: Selection) -> FiguresList {
        var list = FiguresList(.nodes)
        for record in store.records.sorted(by: { $0.name.precedes($1.name) }) {
            let identity = Self.identity(ofNode: record.name)
            if selection.matches(identity) { append(record, identity, to: &list) }
        }
        return list
    }

    func node(named name: String) -> Lookup<FiguresList> {
        guard let record = store.record(named: name) else { return .unknown }
        var list = FiguresList(.nodes)
        append(record, Self.identity(ofNode: name), to: &list)
        return list.rows.isEmpty ? .withoutMetrics : .found(list)
    }

    private func append(_ record: NodeRecord, _ identity: ObjectIdentity, to list: inout FiguresList) {
        fresh(record) { $0.append(identity, window: store.window, to: &list) }
    }

    private static func identity(ofNode name: String) -> ObjectIdentity {
        ObjectIdentity(name: name, labels: labels(node: name))
    }

    func size(of kind: FiguresList.Kind, _ selection: Selection) -> Int {
        let records = store.records
        return kind == .nodes ? records.count : records.reduce(0) { $0 + $1.containerCount }
    }

    // MARK: Pods

    func pods(_ selection: Selection) -> FiguresList {
        var found: [Candidate] = []
        for record in store.records {
            fresh(record) { series in
                for uid in series.pods.keys {
                    if let pod = candidate(uid, in: series, where: selection.matches) { found.append(pod) }
                }
            }
        }
        return Self.youngestOfEachName(found)
    }

    func pod(namespace: String, name: String) -> Lookup<FiguresList> {
        var isKnown = false
        var found: [Candidate] = []
        for record in store.records {
            fresh(record) { series in
                for uid in series.pods.keys {
                    let pod = candidate(uid, in: series) { identity in
                        guard identity.namespace == namespace, identity.name == name else { return false }
                        isKnown = true
                        return true
                    }
                    if let pod { found.append(pod) }
                }
            }
        }
        let list = Self.youngestOfEachName(found)
        if !list.rows.isEmpty { return .found(list) }
        return isKnown ? .withoutMetrics : .unknown
    }

    /// A pod that can be served, and what decides between two of the same name.
    private struct Candidate {
        /// A list of one.
        let list: FiguresList
        /// When its oldest container started, Unix time in µs; nil sorts before any.
        let start: Int64?

        var row: FiguresList.Row { list.rows[0] }

        func isYounger(than other: Candidate) -> Bool {
            if start != other.start { return start ?? .min > other.start ?? .min }
            return row.timestampUnixNanoseconds > other.row.timestampUnixNanoseconds
        }
    }

    private func candidate(
        _ uid: String, in series: borrowing NodeSeries, where isWanted: (ObjectIdentity) -> Bool
    ) -> Candidate? {
        guard let names = series.podNames(uid: uid) else { return nil }
        let identity = ObjectIdentity(namespace: names.namespace, name: names.name, uid: uid)
        guard isWanted(identity) else { return nil }
        var list = FiguresList(.pods)
        series.append(pod: uid, as: identity, window: store.window, to: &list)
        if list.rows.isEmpty { return nil }
        return Candidate(list: list, start: names.startMicroseconds == .max ? nil : names.startMicroseconds)
    }

    /// A pod made anew under its old name (a StatefulSet's) may be there twice for a moment, the old one ending.
    ///
    /// Without the API server's word for which one is meant, the one that started last is served.
    private static func youngestOfEachName(_ candidates: [Candidate]) -> FiguresList {
        var kept: [Candidate] = []
        for candidate in candidates.sorted(by: { $0.row.identity.precedes($1.row.identity) }) {
            if let last = kept.last, !last.row.identity.precedes(candidate.row.identity) {
                if candidate.isYounger(than: last) { kept[kept.count - 1] = candidate }
            } else {
                kept.append(candidate)
            }
        }
        var list = FiguresList(.pods)
        for candidate in kept {
            let row = candidate.row
            list.append(
                row.identity, timestampUnixNanoseconds: row.timestampUnixNanoseconds,
                windowNanoseconds: row.windowNanoseconds, version: row.version,
                usages: candidate.list.usages(of: row))
        }
        return list
    }

    private static func labels(node name: String) -> Labels {
        Labels(["kubernetes.io/hostname": name, "kubernetes.io/os": "linux"])
    }

    // MARK: Just enough of the core API

    func coreNodes() -> [CoreNode] {
        store.records
            .map { record in
                let facts = record.facts
                return CoreNode(
                    name: record.name, labels: Self.labels(node: record.name),
                    cpuMillicores: UInt64(facts.capacityMillicores), memoryBytes: facts.capacityMemoryBytes,
                    ready: fresh(record) { _ in true } == true, creationUnixSeconds: 0)
            }
            .sorted { $0.name < $1.name }
    }

    func corePods() -> [CorePod] {
        var found: [CorePod] = []
        for record in store.records {
            fresh(record) { series in
                for uid in series.pods.keys {
                    guard let pod = series.podNames(uid: uid) else { continue }
                    found.append(
                        CorePod(
                            namespace: pod.namespace, name: pod.name, uid: uid, node: record.name,
                            startTime: pod.startMicroseconds == .max ? nil : pod.startMicroseconds / 1_000_000))
                }
            }
        }
        return found.sorted { ($0.namespace, $0.name, $0.uid) < ($1.namespace, $1.name, $1.uid) }
    }

    func namespaces() -> [String] {
        Set(corePods().map(\.namespace)).union(["default"]).sorted()
    }
}
