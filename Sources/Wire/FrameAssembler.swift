// SPDX-License-Identifier: Apache-2.0

/// Makes whole frames from bytes as they come. For the agent's blocking side; the aggregator has NIO for this.
///
/// The next frame's header is checked before bytes are kept, so that no peer can make it hold more than one frame and a
/// read's worth.
public struct FrameAssembler: Sendable {
    /// The largest body to accept.
    public var cap: Int

    /// What may wait beyond one frame: a read's worth.
    public static let slackBytes = 64 << 10

    private var buffer: [UInt8] = []
    /// Where the next frame begins in `buffer`.
    private var start = 0

    public init(cap: Int) { self.cap = cap }

    /// How many bytes wait.
    public var count: Int { buffer.count - start }

    /// - Throws: `frameTooLarge`, `emptyFrame` for the next frame's header; `invalidState` when frames were not taken with
    ///   ``next()`` and pile up. Nothing is kept then.
    public mutating func append(_ bytes: RawSpan) throws(WireError) {
        guard bytes.byteCount > 0 else { return }
        if count >= FrameHeader.byteCount {
            _ = try pendingLength()
        } else if count + bytes.byteCount >= FrameHeader.byteCount {
            var header = Array(buffer[start...])
            unsafe bytes.withUnsafeBytes { unsafe header += $0.prefix(FrameHeader.byteCount - count) }
            _ = try unsafe FrameHeader.length(header.span.bytes, cap: cap)
        }
        guard count + bytes.byteCount <= FrameHeader.byteCount + cap + Self.slackBytes else {
            throw WireError(.invalidState, "\(count) bytes wait: take the frames with next() before adding more")
        }
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        unsafe bytes.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
    }

    /// The next whole frame's body; nil until all of it is there.
    public mutating func next() throws(WireError) -> [UInt8]? {
        guard count >= FrameHeader.byteCount else { return nil }
        let length = try pendingLength()
        let body = start + FrameHeader.byteCount
        guard buffer.count - body >= length else { return nil }
        defer {
            start = body + length
            if start == buffer.count {
                buffer.removeAll(keepingCapacity: buffer.capacity <= Self.slackBytes)
                start = 0
            }
        }
        return Array(buffer[body..<body + length])
    }

    private func pendingLength() throws(WireError) -> Int {
        try unsafe FrameHeader.length(buffer.span.bytes.extracting(droppingFirst: start), cap: cap)
    }
}
