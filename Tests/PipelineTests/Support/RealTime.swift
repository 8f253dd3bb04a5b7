// SPDX-License-Identifier: Apache-2.0
import Glibc

enum RealTime {
    static let second: Int64 = 1_000_000_000

    /// Unix time in nanoseconds, the clock that `timestamp` is in.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * second + Int64(time.tv_nsec)
    }
}
