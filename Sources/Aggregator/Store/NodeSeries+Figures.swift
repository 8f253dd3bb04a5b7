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

    /// Completes a row with a pod as its running containers have it; leaves it when none of them can be served.
    ///
    /// A container that cannot be served yet (no second point, no name, no memory figure) is left out and does not
    /// hide its siblings: a sidecar in a crash loop must not blank the pod. Timestamp and window are those of the
    /// container that was read first, as the peer has it.
    /// - Parameters:
    ///   - number: the pod's, as it was claimed; another pod may have it by now.
    ///   - uid: the pod's.
    /// - Returns: whether that pod is there.
    @discardableResult
    func complete(row: Int, pod number: Int, uid: PodUID, window: RateWindow, in list: inout FiguresList) -> Bool {
        // Borrowed: little is read of an element, and a copy would be one of all of it.
        let (pods, containers, series) = (dictionary.pods.span, dictionary.containers.span, series.span)
        guard number < pods.count else { return false }
        guard pods[number].standing == .owned, pods[number].uid == uid else { return false }
        let first = list.usages.count
        var oldest: UsageRate?
        var last: Int?
        var next = pods[number].first
        let isSorted = pods[number].isSorted
        while next != ContainerEntry.none {
            let slot = Int(next)
            next = containers[slot].next
            guard !containers[slot].name.isEmpty, let (rate, memory) = series[slot].figures(window: window)
            else { continue }
            if !isSorted || last.map({ containers[$0].name == containers[slot].name }) == true {
                list.dropUsages(from: first)
                oldest = appendYoungest(pods[number], window, to: &list)
                break
            }
            list.append(
                usage: ContainerFigures(
                    name: containers[slot].name,
                    usage: ResourceUsage(cpuNanocores: rate.nanocores, memoryBytes: memory)))
            if rate.endMicroseconds < oldest?.endMicroseconds ?? .max { oldest = rate }
            last = slot
        }
        guard let oldest else { return true }
        list.complete(
            row: row, timestampUnixNanoseconds: clock.unixNanoseconds(bootMicroseconds: oldest.endMicroseconds),
            windowNanoseconds: Int64(clamping: oldest.windowMicroseconds) * 1_000, version: version, firstUsage: first)
        return true
    }

    /// Appends the containers of a pod where some have the same name. For a moment after a restart both the old and the new
    /// container's cgroup are there: the younger counts.
    /// - Returns: the rate that ended first.
    private func appendYoungest(_ pod: PodEntry, _ window: RateWindow, to list: inout FiguresList) -> UsageRate? {
        var served: [String: (start: Int64, rate: UsageRate, memory: UInt64)] = [:]
        var next = pod.first
        while next != ContainerEntry.none {
            let container = dictionary.containers[Int(next)]
            if !container.name.isEmpty, let (rate, memory) = series[Int(next)].figures(window: window),
                served[container.name].map({ $0.start <= container.startMicroseconds }) ?? true
            {
                served[container.name] = (container.startMicroseconds, rate, memory)
            }
            next = container.next
        }
        for (name, figures) in served.sorted(by: { $0.key < $1.key }) {
            let usage = ResourceUsage(cpuNanocores: figures.rate.nanocores, memoryBytes: figures.memory)
            list.append(usage: ContainerFigures(name: name, usage: usage))
        }
        return served.values.map(\.rate).min { $0.endMicroseconds < $1.endMicroseconds }
    }

    // MARK: What is there

    /// Pods with containers that still have no name after `patience`: uid → ids of these containers. Only pods that this
    /// node may report.
    func namelessPods(after patience: Duration) -> [String: [String]] {
        var found: [String: [String]] = [:]
        for (slot, since) in dictionary.nameless {
            let container = dictionary.containers[slot]
            guard sweptMicroseconds >= since, .microseconds(sweptMicroseconds - since) >= patience,
                dictionary.pods[Int(container.pod)].standing == .owned
            else { continue }
            found[dictionary.pods[Int(container.pod)].uid.text, default: []].append(container.id)
        }
        return found
    }

    var containerCount: Int {
        dictionary.pods.reduce(0) { $0 + ($1.standing == .owned ? Int($1.containerCount) : 0) }
    }

    /// The pods that this node may report, by their numbers.
    var podNumbers: [Int] { dictionary.pods.indices.filter { dictionary.pods[$0].standing == .owned } }

    /// When the oldest of a pod's containers started, Unix time in µs, `.max` when no start is known; nil as long as no
    /// container knows what its pod is called.
    func podStart(_ number: Int) -> Int64? {
        var start: Int64?
        var next = dictionary.pods[number].first
        while next != ContainerEntry.none {
            let container = dictionary.containers[Int(next)]
            if container.namesPod { start = min(start ?? .max, container.startTimeMicroseconds ?? .max) }
            next = container.next
        }
        return start
    }
}
