// SPDX-License-Identifier: Apache-2.0

/// The last few points of one counter, oldest first; enough to give a rate over the window.
///
/// The newest point is always kept. Among the older ones those closer together than the window's spacing are thinned
/// out, so the ring spans the window whether points come each second or each minute.
struct CounterRing: Sendable {
    /// Half of them span the window, and the newest, the one beyond the window, and the one being thinned need a place.
    static let capacity = 8

    private var points: InlineArray<8, CounterPoint>
    private(set) var count = 0

    init() {
        points = InlineArray(repeating: CounterPoint(timeMicroseconds: 0, cpuMicroseconds: 0))
    }

    var newest: CounterPoint? { count == 0 ? nil : points[count - 1] }

    /// Takes the next reading.
    ///
    /// A counter that went backwards starts the ring anew: one interval without a rate, never a negative one. A point
    /// that is not newer than the last is a repetition and is passed over.
    mutating func append(_ point: CounterPoint, window: RateWindow) {
        guard let last = newest else {
            push(point)
            return
        }
        guard point.timeMicroseconds > last.timeMicroseconds else { return }
        guard point.cpuMicroseconds >= last.cpuMicroseconds else {
            count = 0
            push(point)
            return
        }
        if count >= 2, last.timeMicroseconds - points[count - 2].timeMicroseconds < window.spacingMicroseconds {
            points[count - 1] = point
        } else {
            push(point)
        }
    }

    /// The rate from the newest point back to the newest one at least a window older, or to the oldest there is.
    func rate(over window: RateWindow) -> UsageRate? {
        guard count >= 2, let end = newest else { return nil }
        var start = points[0]
        for index in stride(from: count - 2, through: 0, by: -1)
        where end.timeMicroseconds - points[index].timeMicroseconds >= window.lengthMicroseconds {
            start = points[index]
            break
        }
        guard end.timeMicroseconds - start.timeMicroseconds >= RateWindow.shortestMicroseconds else { return nil }
        return UsageRate(from: start, to: end)
    }

    private mutating func push(_ point: CounterPoint) {
        if count == Self.capacity {
            for index in 1..<Self.capacity { points[index - 1] = points[index] }
            count -= 1
        }
        points[count] = point
        count += 1
    }
}
