// SPDX-License-Identifier: Apache-2.0
import Wire

/// What changes about a container with each sweep, apart from what it is called: sweeps come often, and this is all that they
/// touch.
struct ContainerSeries: Sendable {
    private(set) var cpu = CounterRing()
    /// Whether CPU could be read in the newest sweep.
    private(set) var hasCPU = false
    private var hasMemory = false
    private var newestKiB: UInt64 = 0

    /// Working set of the newest sweep; nil when it could not be read then.
    var memoryKiB: UInt64? { hasMemory ? newestKiB : nil }

    /// - Parameter spacing: the rate window's, µs.
    @inline(__always)
    mutating func append(_ point: SlotPoint, spacing: UInt64) {
        hasMemory = point.memoryKiB != nil
        newestKiB = point.memoryKiB ?? 0
        hasCPU = point.cpuMicroseconds != nil
        guard let used = point.cpuMicroseconds else { return }
        cpu.append(time: point.timeMicroseconds, cpu: used, spacing: spacing)
    }

    /// A point from before the newest one, which a new session brings along, or which is known of a container that was
    /// seen being born.
    mutating func appendEarlier(_ point: CounterPoint, window: RateWindow) {
        cpu.append(point, window: window)
    }

    /// nil until there is a rate and a working set, both of the newest sweep: a container is served with both or not at all, since consumers
    /// take an absent figure for zero.
    @inline(__always)
    func figures(window: RateWindow) -> (rate: UsageRate, memoryBytes: UInt64)? {
        guard hasCPU, hasMemory, let rate = cpu.rate(over: window) else { return nil }
        return (rate, newestKiB &<< 10)
    }
}
