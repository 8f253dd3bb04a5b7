// SPDX-License-Identifier: Apache-2.0

/// One sweep, ready to send.
public struct EncodedFrame: Equatable, Sendable {
    /// The sweep's number. A session may be sent this frame when it is complete, or when the session was sent the frame
    /// with the number before.
    public let sequence: UInt64
    public let isComplete: Bool
    /// Header included.
    public let bytes: [UInt8]

    public init(sequence: UInt64, isComplete: Bool, bytes: [UInt8]) {
        self.sequence = sequence
        self.isComplete = isComplete
        self.bytes = bytes
    }
}
