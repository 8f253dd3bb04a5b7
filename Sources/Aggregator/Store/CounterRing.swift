// SPDX-License-Identifier: Apache-2.0

/// The last few points of one counter; enough to give a rate over the window.
///
/// The newest point is always kept. Among the older ones those closer together than the window's spacing are thinned
/// out, so the ring spans the window whether points come each second or each minute. The newest is kept in full, those
/// before it by their distances, which take half the room.
struct CounterRing: Sendable {
    /// All but the newest two points are at least a quarter of the window apart, so with six of them there is always one
    /// that is as old as the window, and one more would never be asked for.
    static let capacity = 6

    private var newestTime: UInt64 = 0
    private var newestCPU: UInt64 = 0
    /// From each point to the one before it, newest first; `count - 1` of them mean something.
    private var steps = InlineArray<5, Step>(repeating: Step())
    private var points: UInt8 = 0

    /// From one point to the next, in 48 bits each: nine years, and nine years of CPU time.
    private struct Step: Sendable {
        private var lowTime: UInt32 = 0
        private var lowCPU: UInt32 = 0
        private var highTime: UInt16 = 0
        private var highCPU: UInt16 = 0

        init() {}

        /// - Returns: nil when one of them has no room.
        init?(time: UInt64, cpu: UInt64) {
            guard (time | cpu) >> 48 == 0 else { return nil }
            lowTime = UInt32(truncatingIfNeeded: time)
            lowCPU = UInt32(truncatingIfNeeded: cpu)
            highTime = UInt16(truncatingIfNeeded: time >> 32)
            highCPU = UInt16(truncatingIfNeeded: cpu >> 32)
        }

        var time: UInt64 { UInt64(highTime) << 32 | UInt64(lowTime) }
        var cpu: UInt64 { UInt64(highCPU) << 32 | UInt64(lowCPU) }
    }

    var count: Int { Int(points) }

    /// Takes the next reading.
    ///
    /// A counter that went backwards starts the ring anew: one interval without a rate, never a negative one. So does one
    /// that went further than a step can tell. A point that is not newer than the last is a repetition and is passed over.
    mutating func append(_ point: CounterPoint, window: RateWindow) {
        append(time: point.timeMicroseconds, cpu: point.cpuMicroseconds, spacing: window.spacingMicroseconds)
    }

    /// - Parameter spacing: the window's; all in µs.
    @inline(__always)
    mutating func append(time: UInt64, cpu: UInt64, spacing: UInt64) {
        if points > 0 {
            guard time > newestTime else { return }
            if cpu < newestCPU {
                points = 0
            } else {
                extend(time - newestTime, cpu - newestCPU, spacing)
            }
        }
        (newestTime, newestCPU) = (time, cpu)
        if points == 0 { points = 1 }
    }

    /// The newest point becomes one of the older, or is thinned out; no point is left when that cannot be told.
    @inline(__always)
    private mutating func extend(_ time: UInt64, _ cpu: UInt64, _ spacing: UInt64) {
        if points >= 2, steps[0].time < spacing {
            guard let step = Step(time: steps[0].time + time, cpu: steps[0].cpu + cpu) else {
                points = 0
                return
            }
            steps[0] = step
            return
        }
        guard let step = Step(time: time, cpu: cpu) else {
            points = 0
            return
        }
        steps[4] = steps[3]
        steps[3] = steps[2]
        steps[2] = steps[1]
        steps[1] = steps[0]
        steps[0] = step
        points = min(points + 1, UInt8(Self.capacity))
    }

    /// The rate from the newest point back to the newest one at least a window older, or to the oldest there is.
    // In line, and so read where it lies: a ring that is handed over is copied.
    @inline(__always)
    func rate(over window: RateWindow) -> UsageRate? {
        var (time, cpu) = (UInt64(0), UInt64(0))
        for index in 0..<max(count - 1, 0) {
            time += steps[index].time
            cpu += steps[index].cpu
            if time >= window.lengthMicroseconds { break }
        }
        guard time >= RateWindow.shortestMicroseconds else { return nil }
        return UsageRate(cpuMicroseconds: cpu, windowMicroseconds: time, endMicroseconds: newestTime)
    }
}
