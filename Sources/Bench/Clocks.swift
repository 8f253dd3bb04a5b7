// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The kernel's clocks, in nanoseconds.
enum Clocks {
    static var monotonic: Int64 { read(CLOCK_MONOTONIC) }
    static var boot: Int64 { read(CLOCK_BOOTTIME) }
    static var real: Int64 { read(CLOCK_REALTIME) }
    /// This process' own CPU time.
    static var ownCPU: Int64 { read(CLOCK_PROCESS_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return nanoseconds(time)
    }

    static func nanoseconds(_ time: timespec) -> Int64 { Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) }

    /// - Parameter moment: on CLOCK_MONOTONIC.
    static func sleep(until moment: Int64) {
        var time = timespec(tv_sec: Int(moment / 1_000_000_000), tv_nsec: Int(moment % 1_000_000_000))
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
    }

    static func sleep(milliseconds: Int) { sleep(until: monotonic + Int64(milliseconds) * 1_000_000) }
}
