// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The kernel's clocks in nanoseconds.
enum Clock {
    /// Never steps, and goes on while the machine is suspended.
    static var bootTime: UInt64 { UInt64(clamping: read(CLOCK_BOOTTIME)) }

    static var realTime: Int64 { read(CLOCK_REALTIME) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        guard unsafe clock_gettime(clock, &time) == 0 else { return 0 }
        return nanoseconds(time)
    }

    /// Saturates, so that no file's time can overflow.
    static func nanoseconds(_ time: timespec) -> Int64 {
        let (seconds, tooLarge) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflow) = seconds.addingReportingOverflow(Int64(time.tv_nsec))
        return tooLarge || overflow ? (time.tv_sec < 0 ? .min : .max) : sum
    }
}
