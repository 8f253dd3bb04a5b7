// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// Answers from what the agents report alone: nodes are those that push, pods those that they name.
struct StandaloneSource: MetricsSource, CoreSource {
    let store: SampleStore

    private func fresh<Result>(_ record: NodeRecord, _ body: (borrowing NodeSeries) -> Result) -> Result? {
        record.whileFresh(store.configuration, now: .now, body)
    }

    func nodes() -> [NodeFigures] {
        store.records
            .compactMap { record in
                fresh(record) { figures(record, $0) } ?? nil
            }
            .sorted { $0.name < $1.name }
    }

    func node(named name: String) -> Lookup<NodeFigures> {
        guard let record = store.record(named: name) else { return .unknown }
        guard let figures = fresh(record, { figures(record, $0) }) ?? nil else { return .withoutMetrics }
        return .found(figures)
    }

    private func figures(_ record: NodeRecord, _ series: borrowing NodeSeries) -> NodeFigures? {
        series.nodeFigures(name: record.name, labels: Self.labels(node: record.name), window: store.window)
    }

    func pods(inNamespace namespace: String?) -> [PodFigures] {
        var found: [Candidate] = []
        for record in store.records {
            fresh(record) { series in
                for uid in series.pods.keys {
                    if let namespace, series.podNames(uid: uid)?.namespace != namespace { continue }
                    if let pod = candidate(uid, in: series) { found.append(pod) }
                }
            }
        }
        return Self.youngestOfEachName(found)
    }

    func pod(namespace: String, name: String) -> Lookup<PodFigures> {
        var isKnown = false
        var found: [Candidate] = []
        for record in store.records {
            fresh(record) { series in
                for uid in series.pods.keys {
                    guard let names = series.podNames(uid: uid), names == (namespace, name) else { continue }
                    isKnown = true
                    if let pod = candidate(uid, in: series) { found.append(pod) }
                }
            }
        }
        if let pod = Self.youngestOfEachName(found).first { return .found(pod) }
        return isKnown ? .withoutMetrics : .unknown
    }

    /// A pod that can be served, and what decides between two of the same name.
    private struct Candidate {
        let pod: PodFigures
        /// When its oldest container started, Unix time in µs; nil sorts before any.
        let start: Int64?

        func isYounger(than other: Candidate) -> Bool {
            if start != other.start { return start ?? .min > other.start ?? .min }
            return pod.timestampUnixNanoseconds > other.pod.timestampUnixNanoseconds
        }
    }

    private func candidate(_ uid: String, in series: borrowing NodeSeries) -> Candidate? {
        guard let pod = series.podFigures(uid: uid, labels: .empty, window: store.window) else { return nil }
        let start = series.podNames(uid: uid)?.startMicroseconds
        return Candidate(pod: pod, start: start == .max ? nil : start)
    }

    /// A pod made anew under its old name (a StatefulSet's) may be there twice for a moment, the old one ending.
    ///
    /// Without the API server's word for which one is meant, the one that started last is served.
    private static func youngestOfEachName(_ candidates: [Candidate]) -> [PodFigures] {
        var result: [Candidate] = []
        for candidate in candidates.sorted(by: {
            ($0.pod.namespace, $0.pod.name, $0.pod.uid) < ($1.pod.namespace, $1.pod.name, $1.pod.uid)
        }) {
            if let last = result.last?.pod, (last.namespace, last.name) == (candidate.pod.namespace, candidate.pod.name)
            {
                if candidate.isYounger(than: result[result.count - 1]) { result[result.count - 1] = candidate }
            } else {
                result.append(candidate)
            }
        }
        return result.map(\.pod)
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

private func == (pod: (namespace: String, name: String, startMicroseconds: Int64), other: (String, String)) -> Bool {
    pod.namespace == other.0 && pod.name == other.1
}
