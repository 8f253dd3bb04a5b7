// SPDX-License-Identifier: Apache-2.0

/// A CFS quota as thousandths of a CPU.
enum CPULimit {
    /// v2 `cpu.max`: "QUOTA PERIOD" or "max PERIOD", µs. nil: none, or not understood.
    static func parse(_ bytes: Span<UInt8>) -> UInt64? {
        var position = 0
        guard let quota = decimal(bytes, at: &position), position < bytes.count, bytes[position] == space else {
            return nil
        }
        position += 1
        guard let period = decimal(bytes, at: &position) else { return nil }
        return millicores(quota: quota, period: period)
    }

    /// v1 `cpu.cfs_quota_us` and `cpu.cfs_period_us`; a quota of -1, which reads as 0 here, is none.
    static func millicores(quota: UInt64, period: UInt64) -> UInt64? {
        guard quota > 0, period > 0 else { return nil }
        let (scaled, overflow) = quota.multipliedReportingOverflow(by: 1000)
        return overflow ? nil : scaled / period
    }
}
