// SPDX-License-Identifier: Apache-2.0

/// Turns a node's boot clock, in which samples are timed, into Unix time, in which they are served.
///
/// The node's own wall clock is believed, so that replicas give the same timestamps. Where it is far off from ours,
/// a figure stamped with it would look stale, or from the future, to every consumer; then the offset at which its
/// frames arrive is used instead, and kept until it is off again, so that timestamps do not jitter.
struct NodeClock: Equatable, Sendable {
    /// Unix time minus boot time, µs.
    private(set) var offsetMicroseconds: Int64 = 0
    /// The same by the node's own wall clock, whether it is believed or not: what it dates by it is read by it.
    private(set) var ownOffsetMicroseconds: Int64 = 0
    /// How far the node's wall clock was off when it was last corrected, µs; 0 while it is believed.
    private(set) var correctedByMicroseconds: Int64 = 0

    /// Well above the age of a frame on a slow link, well below what an autoscaler would notice.
    static let toleranceMicroseconds: Int64 = 10_000_000

    /// - Parameters:
    ///   - bootMicroseconds: the node's boot clock at the start of a sweep.
    ///   - nodeUnixMicroseconds: the node's wall clock at the same moment.
    ///   - ourUnixMicroseconds: our wall clock when the frame arrived.
    /// - Returns: whether the clock changed between believed and corrected, or was corrected anew.
    mutating func observe(bootMicroseconds: UInt64, nodeUnixMicroseconds: Int64, ourUnixMicroseconds: Int64) -> Bool {
        let boot = Int64(clamping: bootMicroseconds)
        let nodeOffset = nodeUnixMicroseconds.subtractingReportingOverflow(boot).partialValue
        ownOffsetMicroseconds = nodeOffset
        let ahead = nodeUnixMicroseconds.subtractingReportingOverflow(ourUnixMicroseconds).partialValue
        if ahead.magnitude <= Self.toleranceMicroseconds.magnitude {
            offsetMicroseconds = nodeOffset
            defer { correctedByMicroseconds = 0 }
            return correctedByMicroseconds != 0
        }
        let ours = ourUnixMicroseconds.subtractingReportingOverflow(boot).partialValue
        let drift = ours.subtractingReportingOverflow(offsetMicroseconds).partialValue
        if correctedByMicroseconds != 0, drift.magnitude <= Self.toleranceMicroseconds.magnitude { return false }
        offsetMicroseconds = ours
        correctedByMicroseconds = ahead
        return true
    }

    func unixNanoseconds(bootMicroseconds: UInt64) -> Int64 {
        let sum = Int64(clamping: bootMicroseconds).addingReportingOverflow(offsetMicroseconds).partialValue
        return sum.multipliedReportingOverflow(by: 1_000).partialValue
    }

    /// A moment that the node dated, such as a container's start.
    /// - Returns: nil for a time before the node booted.
    func bootMicroseconds(unixMicroseconds: Int64) -> UInt64? {
        UInt64(exactly: unixMicroseconds.subtractingReportingOverflow(ownOffsetMicroseconds).partialValue)
    }
}
