// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Wire

/// One container's recent history. A restart is another container id, and so another series.
struct ContainerSeries: Sendable {
    private(set) var identity: ContainerIdentity
    private(set) var cpu = CounterRing()
    /// Whether CPU could be read in the newest sweep.
    private(set) var hasCPU = false
    /// Working set of the newest sweep; nil when it could not be read then.
    private(set) var memoryKiB: UInt64?

    init(identity: ContainerIdentity) {
        self.identity = identity
    }

    /// What stays the same for a container's whole life, names apart.
    var key: Key { Key(identity) }

    struct Key: Hashable, Sendable {
        let podUID: String
        let containerID: String
        let generation: UInt64

        init(_ identity: ContainerIdentity) {
            (podUID, containerID, generation) = (identity.podUID, identity.containerID, identity.generation)
        }
    }

    /// What the agent says now. Names that were known stay when it has none: a container never changes its name, and an
    /// agent that was restarted may not find it a second time.
    mutating func rename(_ identity: ContainerIdentity) {
        let known = self.identity
        self.identity = identity
        if identity.container.isEmpty, !known.container.isEmpty {
            name(known.container, pod: known.pod, namespace: known.namespace)
        }
    }

    /// The names have become known.
    mutating func name(_ container: String, pod: String, namespace: String) {
        (identity.container, identity.pod, identity.namespace) = (container, pod, namespace)
    }

    /// A container that was seen being born has used no CPU at its start, so its first sample gives a rate already.
    mutating func addZeroPoint(clock: NodeClock, before first: UInt64, window: RateWindow) {
        guard identity.born, cpu.count == 0, let start = identity.startTimeMicroseconds,
            let boot = clock.bootMicroseconds(unixMicroseconds: start), boot < first
        else { return }
        cpu.append(CounterPoint(timeMicroseconds: boot, cpuMicroseconds: 0), window: window)
    }

    mutating func append(_ point: SlotPoint, window: RateWindow) {
        memoryKiB = point.memoryKiB
        hasCPU = point.cpuMicroseconds != nil
        guard let used = point.cpuMicroseconds else { return }
        cpu.append(CounterPoint(timeMicroseconds: point.timeMicroseconds, cpuMicroseconds: used), window: window)
    }

    /// A point from before the newest one, which a new session brings along.
    mutating func appendEarlier(timeMicroseconds: UInt64, cpuMicroseconds: UInt64, window: RateWindow) {
        cpu.append(CounterPoint(timeMicroseconds: timeMicroseconds, cpuMicroseconds: cpuMicroseconds), window: window)
    }

    /// nil until there is a rate and a working set, both of the newest sweep: a container is served with both or not at all, since consumers
    /// take an absent figure for zero.
    func figures(window: RateWindow) -> (rate: UsageRate, usage: ResourceUsage)? {
        guard hasCPU, let memoryKiB, let rate = cpu.rate(over: window) else { return nil }
        return (rate, ResourceUsage(cpuNanocores: rate.nanocores, memoryBytes: memoryKiB &<< 10, swapBytes: nil))
    }
}
