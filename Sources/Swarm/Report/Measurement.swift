// SPDX-License-Identifier: Apache-2.0

/// Frames that were sent at their time, against those whose time came, in the spans that count: with all sessions open,
/// not while agents come back from a storm.
struct Measurement: Sendable {
    private(set) var due = 0
    private(set) var sent = 0
    /// ns.
    private(set) var span: Int64 = 0
    private var since: Point?

    /// What was counted up to a moment.
    struct Point: Sendable {
        var due: Int
        var sent: Int
        /// ns.
        var moment: Int64
    }

    var isOpen: Bool { since != nil }

    mutating func begin(_ point: Point) { since = point }

    mutating func end(_ point: Point) {
        guard let begin = since else { return }
        since = nil
        due += point.due - begin.due
        sent += point.sent - begin.sent
        span += point.moment - begin.moment
    }

    /// With what is under way.
    func until(_ point: Point) -> Measurement {
        var measurement = self
        measurement.end(point)
        return measurement
    }

    /// A few frames may be under way when a span ends; more that are missing are a rate that was not achieved.
    static let tolerance = 0.01

    var isAchieved: Bool { Double(due - sent) <= max(2, Double(due) * Self.tolerance) }

    /// Frames a second.
    var rate: Double { perSecond(sent) }
    var wantedRate: Double { perSecond(due) }

    private func perSecond(_ count: Int) -> Double { span > 0 ? Double(count) * 1e9 / Double(span) : 0 }
}
