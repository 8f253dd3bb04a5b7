// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What the kernel says of this process; nil: it does not say.
struct ProcessFigures: Sendable {
    var cpuSeconds: Double?
    var startTimeSeconds: Double?
    var residentBytes: UInt64?
    var virtualBytes: UInt64?
    var openDescriptors: Int?
    var mostDescriptors: UInt64?

    /// Always of the process's own /proc: `--proc-root` may lead to another's.
    static func read() -> ProcessFigures {
        var figures = ProcessFigures()
        figures.cpuSeconds = seconds(CLOCK_PROCESS_CPUTIME_ID)
        if let stat = contents("/proc/self/stat").flatMap(ProcessStat.init) {
            let pageSize = UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))
            figures.residentBytes = stat.residentPages.multipliedReportingOverflow(by: pageSize).partialValue
            figures.virtualBytes = stat.virtualBytes
            let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
            if let now = seconds(CLOCK_REALTIME), let boot = seconds(CLOCK_BOOTTIME), ticks > 0 {
                // To the hundredth, which is what the kernel counts in; else it would differ from scrape to scrape.
                figures.startTimeSeconds = ((now - boot + Double(stat.startTicks) / ticks) * 100).rounded() / 100
            }
        }
        figures.openDescriptors = countDescriptors()
        var limit = rlimit()
        if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            figures.mostDescriptors = UInt64(limit.rlim_cur)
        }
        return figures
    }

    private static func seconds(_ clock: clockid_t) -> Double? {
        var time = timespec()
        guard unsafe clock_gettime(clock, &time) == 0 else { return nil }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func contents(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // 52 numbers and a name of 15 bytes.
        var bytes = [UInt8](repeating: 0, count: 2048)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        return count > 0 ? Array(bytes.prefix(count)) : nil
    }

    private static func countDescriptors() -> Int? {
        guard let directory = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        // Not `.`, `..` and the one that lists.
        return max(0, count - 3)
    }
}

/// `/proc/PID/stat` (proc(5)).
struct ProcessStat: Equatable {
    let startTicks: UInt64
    let virtualBytes: UInt64
    let residentPages: UInt64

    /// nil: not such a file. The name, in brackets, can have anything in it; the last bracket ends it.
    init?(_ bytes: [UInt8]) {
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = bytes[(end + 1)...].split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        // The first of them is the third of the file.
        let number = { (field: Int) -> UInt64? in
            let index = field - 3
            return index < fields.count ? UInt64(String(decoding: fields[index], as: UTF8.self)) : nil
        }
        guard let start = number(22), let size = number(23), let pages = number(24) else { return nil }
        startTicks = start
        virtualBytes = size
        residentPages = pages
    }
}
