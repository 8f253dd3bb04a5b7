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
        var found = Candidates()
        let (namespace, name) = (selection.onlyNamespace, selection.name)
        for record in store.records {
            fresh(record) { series in
                for number in series.podNumbers {
                    let pod = series.dictionary.pods[number]
                    guard namespace == nil || pod.namespace == namespace, name == nil || pod.name == name else {
                        continue
                    }
                    append(number, pod, in: series, where: selection.matches, to: &found)
                }
            }
        }
        return found.youngestOfEachName()
    }

    func pod(namespace: String, name: String) -> Lookup<FiguresList> {
        var isKnown = false
        var found = Candidates()
        for record in store.records {
            fresh(record) { series in
                for number in series.podNumbers {
                    let pod = series.dictionary.pods[number]
                    guard pod.name == name, pod.namespace == namespace else { continue }
                    let isNamed = append(number, pod, in: series, where: { _ in true }, to: &found)
                    isKnown = isKnown || isNamed
                }
            }
        }
        let list = found.youngestOfEachName()
        if !list.rows.isEmpty { return .found(list) }
        return isKnown ? .withoutMetrics : .unknown
    }

    /// - Returns: whether it is known what the pod is called, and it is wanted.
    @discardableResult
    private func append(
        _ number: Int, _ pod: PodEntry, in series: borrowing NodeSeries, where isWanted: (ObjectIdentity) -> Bool,
        to found: inout Candidates
    ) -> Bool {
        guard let start = series.podStart(number) else { return false }
        let identity = ObjectIdentity(namespace: pod.namespace, name: pod.name, uid: pod.uid.text)
        guard isWanted(identity) else { return false }
        found.list.expect(identity)
        found.starts.append(start == .max ? .min : start)
        series.complete(
            row: found.starts.count - 1, pod: number, uid: pod.uid, window: store.window, in: &found.list)
        return true
    }

    /// Pods as the nodes report them, of which some may have the same name.
    private struct Candidates {
        /// In no order.
        var list = FiguresList(.pods)
        /// When a row's oldest container started, Unix time in µs; `.min` when that is not known.
        var starts: [Int64] = []

        /// A pod made anew under its old name (a StatefulSet's) may be there twice for a moment, the old one ending.
        ///
        /// Without the API server's word for which one is meant, the one that started last is served.
        func youngestOfEachName() -> FiguresList {
            let served = list.rows.indices.filter { list.rows[$0].usageCount > 0 }
                .sorted { list.rows[$0].identity.precedes(list.rows[$1].identity) }
            var kept: [Int] = []
            for index in served {
                if let last = kept.last, !list.rows[last].identity.precedes(list.rows[index].identity) {
                    if isYounger(index, than: last) { kept[kept.count - 1] = index }
                } else {
                    kept.append(index)
                }
            }
            var sorted = FiguresList(.pods)
            sorted.reserveCapacity(rows: kept.count, usages: list.usages.count)
            for row in kept.map({ list.rows[$0] }) {
                sorted.append(
                    row.identity, timestampUnixNanoseconds: row.timestampUnixNanoseconds,
                    windowNanoseconds: row.windowNanoseconds, version: row.version, usages: list.usages(of: row))
            }
            return sorted
        }

        private func isYounger(_ index: Int, than other: Int) -> Bool {
            if starts[index] != starts[other] { return starts[index] > starts[other] }
            return list.rows[index].timestampUnixNanoseconds > list.rows[other].timestampUnixNanoseconds
        }
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
                for number in series.podNumbers {
                    guard let start = series.podStart(number) else { continue }
                    let pod = series.dictionary.pods[number]
                    found.append(
                        CorePod(
                            namespace: pod.namespace, name: pod.name, uid: pod.uid.text, node: record.name,
                            startTime: start == .max ? nil : start / 1_000_000))
                }
            }
        }
        return found.sorted { ($0.namespace, $0.name, $0.uid) < ($1.namespace, $1.name, $1.uid) }
    }

    func namespaces() -> [String] {
        Set(corePods().map(\.namespace)).union(["default"]).sorted()
    }
}
