// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A moment on CLOCK_MONOTONIC by which a blocking call gives up.
public struct Deadline: Sendable, Comparable {
    /// Nanoseconds on CLOCK_MONOTONIC; `Int64.max` never comes.
    private let nanoseconds: Int64

    private init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Never passes.
    public static let distantFuture = Deadline(nanoseconds: .max)

    /// A negative or zero time has passed already.
    public static func after(milliseconds: Int64) -> Deadline {
        let (scaled, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return milliseconds < 0 ? Deadline(nanoseconds: 0) : .distantFuture }
        return after(nanoseconds: scaled)
    }

    public static func after(_ duration: Duration) -> Deadline {
        let (seconds, attoseconds) = duration.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? Deadline(nanoseconds: 0) : .distantFuture }
        let (sum, carry) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carry ? .distantFuture : after(nanoseconds: sum)
    }

    private static func after(nanoseconds: Int64) -> Deadline {
        let (sum, overflow) = now().addingReportingOverflow(nanoseconds)
        return overflow ? .distantFuture : Deadline(nanoseconds: sum)
    }

    /// The moment so much later: for steps that must not drift.
    public func advanced(by duration: Duration) -> Deadline {
        let (seconds, attoseconds) = duration.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (step, carry) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        let (sum, carryOut) = nanoseconds.addingReportingOverflow(step)
        return overflow || carry || carryOut ? .distantFuture : Deadline(nanoseconds: sum)
    }

    private static func now() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    public var hasPassed: Bool { nanoseconds != .max && nanoseconds <= Self.now() }

    /// How long ago it passed; zero before.
    public var overdue: Duration {
        let (passed, overflow) = Self.now().subtractingReportingOverflow(nanoseconds)
        return overflow || passed < 0 ? .zero : .nanoseconds(passed)
    }

    /// For `poll`: rounded up, never negative, `Int32.max` (24 days) when further away or never.
    public var remainingMilliseconds: Int32 {
        if nanoseconds == .max { return .max }
        let (left, overflow) = nanoseconds.subtractingReportingOverflow(Self.now())
        if overflow || left <= 0 { return 0 }
        let milliseconds = left / 1_000_000 + (left % 1_000_000 == 0 ? 0 : 1)
        return Int32(clamping: milliseconds)
    }

    public static func < (lhs: Deadline, rhs: Deadline) -> Bool { lhs.nanoseconds < rhs.nanoseconds }
}
