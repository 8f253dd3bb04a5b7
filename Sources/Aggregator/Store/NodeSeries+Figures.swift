// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Wire

extension NodeSeries {
    /// Appends the node's figures, once there is a rate and a working set, both of the newest sweep.
    func append(_ identity: ObjectIdentity, window: RateWindow, to list: inout FiguresList) {
        guard hasCPU, let memoryKiB, let rate = cpu.rate(over: window) else { return }
        let usage = ResourceUsage(cpuNanocores: rate.nanocores, memoryBytes: memoryKiB &<< 10, swapBytes: nil)
        list.append(
            identity, timestampUnixNanoseconds: clock.unixNanoseconds(bootMicroseconds: rate.endMicroseconds),
            windowNanoseconds: Int64(clamping: rate.windowMicroseconds) * 1_000, version: version,
            usages: CollectionOfOne(ContainerFigures(name: "", usage: usage)))
    }

    /// Appends a pod as its running containers have it; nothing when none of them can be served.
    ///
    /// A container that cannot be served yet (no second point, no name, no memory figure) is left out and does not
    /// hide its siblings: a sidecar in a crash loop must not blank the pod. Timestamp and window are those of the
    /// container that was read first, as the peer has it.
    /// - Parameter identity: what the pod is called in the answer.
    func append(pod uid: String, as identity: ObjectIdentity, window: RateWindow, to list: inout FiguresList) {
        guard let members = pods[uid] else { return }
        var served: [(series: ContainerSeries, rate: UsageRate, usage: ResourceUsage)] = []
        for slot in members {
            guard let series = slots[slot], !series.identity.container.isEmpty,
                let (rate, usage) = series.figures(window: window)
            else { continue }
            // For a moment after a restart both the old and the new container's cgroup are there: the younger counts.
            if let twin = served.firstIndex(where: { $0.series.identity.container == series.identity.container }) {
                if started(served[twin].series) <= started(series) { served[twin] = (series, rate, usage) }
            } else {
                served.append((series, rate, usage))
            }
        }
        guard let first = served.min(by: { $0.rate.endMicroseconds < $1.rate.endMicroseconds }) else { return }
        served.sort { $0.series.identity.container < $1.series.identity.container }
        list.append(
            identity, timestampUnixNanoseconds: clock.unixNanoseconds(bootMicroseconds: first.rate.endMicroseconds),
            windowNanoseconds: Int64(clamping: first.rate.windowMicroseconds) * 1_000, version: version,
            usages: served.map { ContainerFigures(name: $0.series.identity.container, usage: $0.usage) })
    }

    /// Pods with containers that still have no name after `patience`: uid → ids of these containers. Only pods that this
    /// node may report.
    func namelessPods(after patience: Duration) -> [String: [String]] {
        var found: [String: [String]] = [:]
        for (slot, since) in nameless {
            guard sweptMicroseconds >= since, .microseconds(sweptMicroseconds - since) >= patience,
                let identity = slots[slot]?.identity, pods[identity.podUID] != nil
            else { continue }
            found[identity.podUID, default: []].append(identity.containerID)
        }
        return found
    }

    /// Namespace and name of a pod, as far as one of its containers knows them.
    func podNames(uid: String) -> (namespace: String, name: String, startMicroseconds: Int64)? {
        var found: (namespace: String, name: String, startMicroseconds: Int64)?
        for slot in pods[uid] ?? [] {
            guard let identity = slots[slot]?.identity, !identity.pod.isEmpty else { continue }
            let start = min(found?.startMicroseconds ?? .max, identity.startTimeMicroseconds ?? .max)
            found = (identity.namespace, identity.pod, start)
        }
        return found
    }

    private func started(_ series: ContainerSeries) -> Int64 {
        series.identity.startTimeMicroseconds ?? .min
    }
}
