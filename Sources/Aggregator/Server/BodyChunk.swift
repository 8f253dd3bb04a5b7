// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import NIOCore

/// A piece of a body, in the buffer that it will be sent from.
struct BodyChunk: Sendable {
    var bytes: ByteBuffer
    var progress: BodyProgress

    /// The next piece of `stream`.
    init(of stream: inout any BodyStream) {
        var bytes = ByteBuffer()
        var progress = BodyProgress.finished
        var outgrown: [UInt8]?
        bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: stream.chunkBytes) { memory in
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
