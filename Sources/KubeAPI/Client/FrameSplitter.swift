// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Cuts a watch's stream into frames: 4 bytes of length, big-endian, then as many bytes
/// (k8s.io/apimachinery/pkg/util/framer). Holds the frame that is not complete, no more.
struct FrameSplitter {
    private var pending = ByteBuffer()

    /// Bytes of a frame that has begun.
    var unfinished: Int { pending.readableBytes }

    mutating func append(_ bytes: ByteBuffer) {
        var bytes = bytes
        if pending.readableBytes == 0 { pending = bytes } else { pending.writeBuffer(&bytes) }
    }

    /// The next complete frame; nil until more bytes have come.
    ///
    /// - Throws: `tooLarge`, as soon as the length is there.
    mutating func next() throws(KubeError) -> ByteBuffer? {
        guard let length = pending.getInteger(at: pending.readerIndex, as: UInt32.self) else { return nil }
        guard length <= KubeLimits.watchFrame else {
            throw KubeError(
                .tooLarge,
                "the server sends a watch event of \(length) bytes; at most \(KubeLimits.watchFrame) are taken")
        }
        guard pending.readableBytes >= 4 + Int(length) else { return nil }
        pending.moveReaderIndex(forwardBy: 4)
        let frame = pending.readSlice(length: Int(length))
        if pending.readableBytes == 0 { pending = ByteBuffer() }
        return frame
    }
}
