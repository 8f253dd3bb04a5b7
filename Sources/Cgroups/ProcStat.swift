// SPDX-License-Identifier: Apache-2.0

/// `/proc/stat` (proc(5)).
enum ProcStat {
    /// user + nice + system + irq + softirq of all CPUs, in clock ticks: what the v2 root's `cpu.stat` counts.
    static func busyTicks(_ bytes: Span<UInt8>) -> UInt64? {
        guard bytes.begins(with: "cpu ") else { return nil }
        var position = 4
        var sum: UInt64 = 0
        // user nice system idle iowait irq softirq
        for column in 0..<7 {
            while position < bytes.count, bytes[position] == space { position += 1 }
            guard let ticks = decimal(bytes, at: &position) else { return nil }
            if column == 3 || column == 4 { continue }
            let (next, overflow) = sum.addingReportingOverflow(ticks)
            if overflow { return nil }
            sum = next
        }
        return sum
    }

    /// The CPUs that are online: the `cpu0`, `cpu1`, … lines.
    static func onlineCPUs(_ bytes: Span<UInt8>) -> Int {
        var cpus = 0
        var position = 0
        while bytes.begins(with: "cpu", at: position) {
            let digit = position + 3
            if digit < bytes.count, bytes[digit] &- UInt8(ascii: "0") < 10 { cpus += 1 }
            while position < bytes.count, bytes[position] != newline { position += 1 }
            position += 1
        }
        return cpus
    }
}
