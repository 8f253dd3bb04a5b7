// SPDX-License-Identifier: Apache-2.0

/// A cumulative CPU counter at one moment of one node's boot clock.
struct CounterPoint: Equatable, Sendable {
    /// CLOCK_BOOTTIME of the node when the counter was read, µs.
    var timeMicroseconds: UInt64
    /// CPU time used since the cgroup was made, µs.
    var cpuMicroseconds: UInt64
}

/// CPU use over a span: what the resource metrics API calls usage, timestamp and window.
struct UsageRate: Equatable, Sendable {
    /// 1,000,000,000 is one core; rounded down, as the peer does.
    var nanocores: UInt64
    /// The end of the span, boot clock of the node, µs.
    var endMicroseconds: UInt64
    /// The length of the span, µs.
    var windowMicroseconds: UInt64

    /// The mean rate between two points.
    /// - Returns: nil when the counter or the clock did not move forward: that is no rate, not a rate of zero.
    init?(from start: CounterPoint, to end: CounterPoint) {
        guard end.timeMicroseconds > start.timeMicroseconds, end.cpuMicroseconds >= start.cpuMicroseconds else {
            return nil
        }
        self.init(
            cpuMicroseconds: end.cpuMicroseconds - start.cpuMicroseconds,
            windowMicroseconds: end.timeMicroseconds - start.timeMicroseconds, endMicroseconds: end.timeMicroseconds)
    }

    /// - Parameter cpuMicroseconds: used within the window.
    /// - Returns: nil without a window, and for 18 billion cores.
    init?(cpuMicroseconds: UInt64, windowMicroseconds: UInt64, endMicroseconds: UInt64) {
        let used = cpuMicroseconds.multipliedFullWidth(by: 1_000_000_000)
        // The quotient fits 64 bits as long as its high word is below the divisor.
        guard used.high < windowMicroseconds else { return nil }
        // A division of 64 bits, which is what it nearly always takes, is several times as fast.
        nanocores =
            used.high == 0
            ? used.low / windowMicroseconds : windowMicroseconds.dividingFullWidth(used).quotient
        self.endMicroseconds = endMicroseconds
        self.windowMicroseconds = windowMicroseconds
    }
}

/// How long a span a rate is taken over.
struct RateWindow: Equatable, Sendable {
    /// A rate spans at least this long, once the container is that old, µs.
    let lengthMicroseconds: UInt64

    /// Over less than this no rate is given, µs: what a runtime spends on starting a container would look like its load, and
    /// scale it. Two sweeps that are a second apart are enough.
    static let shortestMicroseconds: UInt64 = 900_000

    /// Points are kept this far apart, so that a ring of fixed size spans the window at any push interval, µs. Four times as
    /// much is no less than the window.
    let spacingMicroseconds: UInt64

    init(_ length: Duration) {
        let parts = length.components
        lengthMicroseconds =
            UInt64(max(0, parts.seconds)) * 1_000_000
            + UInt64(max(0, parts.attoseconds / 1_000_000_000_000))
        spacingMicroseconds = lengthMicroseconds / 4 + (lengthMicroseconds % 4 == 0 ? 0 : 1)
    }
}
