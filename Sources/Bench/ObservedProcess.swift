// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Another process, as the kernel accounts for it.
struct ObservedProcess {
    let pid: pid_t
    private let clock: clockid_t

    init(pid: Int) throws {
        self.pid = pid_t(pid)
        var clock = clockid_t()
        let code = clock_getcpuclockid(self.pid, &clock)
        guard code == 0 else { throw BenchError("process \(pid): \(String(cString: strerror(code)))") }
        self.clock = clock
    }

    /// CPU time of all its threads, ns: the sum that /proc/PID/stat shows as utime and stime, which the kernel rounds to
    /// ticks of 10 ms there.
    func cpuNanoseconds() throws -> Int64 {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { throw BenchError("process \(pid) is gone") }
        return Clocks.nanoseconds(time)
    }

    /// Bytes, from /proc/PID/smaps_rollup.
    func memory() throws -> (resident: Int, anonymous: Int) {
        let path = "/proc/\(pid)/smaps_rollup"
        var found: [String: Int] = [:]
        for line in try TextFile.read(path).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 3, words[2] == "kB", let kibibytes = Int(words[1]) {
                found[String(words[0])] = kibibytes << 10
            }
        }
        guard let resident = found["Rss:"], let anonymous = found["Anonymous:"], resident > 0 else {
            throw BenchError("\(path) does not show Rss and Anonymous")
        }
        return (resident, anonymous)
    }
}
