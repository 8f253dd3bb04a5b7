// SPDX-License-Identifier: Apache-2.0

/// The record of a cgroup's counters, asked for what a served figure should be.
struct KernelHistory {
    let points: [KernelRecord.Point]
    private let sawBirth: Bool

    init(_ record: KernelRecord) {
        points = record.points
        sawBirth = record.sawBirth
    }

    /// How far apart moments are tried at which the served counter may have been read.
    private static let step = 5_000_000

    /// The moments in the figure's second at which its counter may have been read.
    private func ends(of figure: ServedFigure) -> StrideThrough<Int64> {
        stride(from: figure.end.lowerBound, through: figure.end.upperBound, by: Self.step)
    }

    /// CPU use over the figure's own window by the kernel's counter, in nanocores: of what it can have been, at any end
    /// in the second that the figure names, that which is nearest to the figure.
    func nearestRate(to figure: ServedFigure) -> Double? {
        let served = Double(figure.cpuNanocores)
        return ends(of: figure)
            .compactMap { rate(from: $0 - figure.windowNanoseconds, to: $0, slack: 0) }
            .map { min(max(served, $0.lowerBound), $0.upperBound) }
            .min { abs($0 - served) < abs($1 - served) }
    }

    /// The least and the most that the figure's rate can be when its counter was read within `slack` of either end of
    /// its window, at whichever moment of the second that it names; nil if this record does not reach as far.
    func rateBounds(of figure: ServedFigure, slack: Int64) -> ClosedRange<Double>? {
        var bounds: ClosedRange<Double>?
        for end in ends(of: figure) {
            guard let rate = rate(from: end - figure.windowNanoseconds, to: end, slack: slack) else { return nil }
            bounds =
                min(bounds?.lowerBound ?? .infinity, rate.lowerBound)...max(bounds?.upperBound ?? 0, rate.upperBound)
        }
        return bounds
    }

    /// In nanocores.
    private func rate(from start: Int64, to end: Int64, slack: Int64) -> ClosedRange<Double>? {
        guard let least = leastCounter(at: end - slack), let most = mostCounter(at: end + slack),
            let leastBefore = leastCounter(at: start - slack), let mostBefore = mostCounter(at: start + slack)
        else { return nil }
        let window = Double(end - start) / 1e9
        return Double(least - min(least, mostBefore)) / window...Double(most - leastBefore) / window
    }

    /// Whether the counter was read often enough, all along the figure's window, to tell its rate: on a busy machine the
    /// record may have gaps.
    func covers(_ figure: ServedFigure, slack: Int64 = 200_000_000) -> Bool {
        let span = (figure.end.lowerBound - figure.windowNanoseconds - slack)...(figure.end.upperBound + slack)
        guard let first = points.first, let last = points.last else { return false }
        guard sawBirth || first.after <= span.lowerBound, last.before >= span.upperBound else { return false }
        return zip(points, points.dropFirst()).allSatisfy { earlier, later in
            later.before - earlier.after <= slack || later.before < span.lowerBound || earlier.after > span.upperBound
        }
    }

    /// The least and the most of the working set while the figure may have been read.
    func workingSet(of figure: ServedFigure) -> ClosedRange<UInt64>? {
        let margin: Int64 = 50_000_000
        return workingSet(within: figure.end.lowerBound - margin...figure.end.upperBound + margin)
    }

    /// The least and the most that the counter can have been when it was read within `slack` before this moment; nil if
    /// this record does not reach as far.
    func counter(at time: Int64, slack: Int64) -> ClosedRange<UInt64>? {
        guard let least = leastCounter(at: time - slack), let most = mostCounter(at: time) else { return nil }
        return least...most
    }

    /// The least and the most of the working set around a moment.
    func workingSet(around time: Int64, margin: Int64) -> ClosedRange<UInt64>? {
        workingSet(within: time - margin...time + margin)
    }

    /// With the readings just before and just after: a busy machine may put them far apart.
    private func workingSet(within span: ClosedRange<Int64>) -> ClosedRange<UInt64>? {
        let first = max(0, firstIndex { $0.after >= span.lowerBound } - 1)
        let end = min(points.count, firstIndex { $0.before > span.upperBound } + 1)
        let values = points[first..<end].compactMap(\.workingSet)
        guard let least = values.min(), let most = values.max() else { return nil }
        return least...most
    }

    // A counter only grows: what was read before a moment is the least, what was read after it the most that it was.
    // Between two readings it may have been anything, and a busy machine may put them far apart.

    /// CPU ns that had been used by then; 0 before the cgroup was made.
    private func leastCounter(at time: Int64) -> UInt64? {
        let next = firstIndex { $0.after > time }
        return next > 0 ? points[next - 1].cpuNanoseconds : sawBirth ? 0 : nil
    }

    private func mostCounter(at time: Int64) -> UInt64? {
        let next = firstIndex { $0.before >= time }
        return next < points.count ? points[next].cpuNanoseconds : nil
    }

    /// The first point that is late enough; the number of points if none is.
    private func firstIndex(where isLate: (KernelRecord.Point) -> Bool) -> Int {
        var (low, high) = (0, points.count)
        while low < high {
            let at = (low + high) / 2
            if isLate(points[at]) { high = at } else { low = at + 1 }
        }
        return low
    }
}
