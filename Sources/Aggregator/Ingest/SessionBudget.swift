// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Wire

/// What one session may still send: so much for each interval that its agent announced, saved up to a bound.
///
/// An agent's own pace is far below it: a frame a sweep, three early sweeps between two of them, and at times a complete
/// frame or a token.
struct SessionBudget {
    struct Limits: Sendable {
        var framesPerInterval = 8
        var savedFrames = 40
        /// A complete frame of the largest node.
        var bytesPerInterval = WireLimits.agentFrameBytes
        var savedBytes = 2 * WireLimits.agentFrameBytes
        /// Whatever the agent announces; agents' own bound is a second.
        var shortestInterval: TimeAmount = .milliseconds(250)
    }

    private let interval: TimeAmount
    private var frames: Int32
    private var bytes: Int32
    /// The last whole interval that was credited.
    private var credited: NIODeadline

    init(_ limits: Limits, interval: TimeAmount, now: NIODeadline) {
        self.interval = max(limits.shortestInterval, interval)
        frames = Int32(clamping: limits.savedFrames)
        bytes = Int32(clamping: limits.savedBytes)
        credited = now
    }

    /// - Parameters:
    ///   - count: the frame's bytes.
    ///   - limits: the same as at the beginning; not kept, for each of thousands of sessions.
    /// - Returns: false when that is more than there is.
    mutating func spend(frameBytes count: Int, _ limits: Limits, now: NIODeadline) -> Bool {
        let passed = now - credited
        if passed >= interval {
            let intervals = passed.nanoseconds / interval.nanoseconds
            credited = credited + .nanoseconds(intervals * interval.nanoseconds)
            // More would be cut off anyway, and might overflow.
            let counted = Int(min(intervals, Int64(limits.savedFrames)))
            frames = Int32(clamping: min(limits.savedFrames, Int(frames) + counted * limits.framesPerInterval))
            bytes = Int32(clamping: min(limits.savedBytes, Int(bytes) + counted * limits.bytesPerInterval))
        }
        guard frames > 0, bytes >= count else { return false }
        frames -= 1
        bytes -= Int32(clamping: count)
        return true
    }
}
