// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import NIOCore

/// A piece of a body, in the buffer that it will be sent from.
struct BodyChunk: Sendable {
    /// What a stream is given room for at a time: a client that does not read makes us hold this much of its answer.
    static let capacity = 64 * 1024

    var bytes: ByteBuffer
    var progress: BodyProgress

    /// The next piece of `stream`.
    init(of stream: inout any BodyStream, capacity: Int = Self.capacity) {
        var bytes = ByteBuffer()
        var progress = BodyProgress.finished
        var outgrown: [UInt8]?
        bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { memory in
            var out = ByteWriter(lending: memory)
            progress = stream.next(into: &out)
            if out.hasOutgrownLoan {
                // One object that is larger than a whole chunk: rare, and worth the copy.
                outgrown = out.bytes
                return 0
            }
            return out.count
        }
        if let outgrown { bytes.writeBytes(outgrown) }
        self.bytes = bytes
        self.progress = progress
    }
}
