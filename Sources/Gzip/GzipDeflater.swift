// SPDX-License-Identifier: Apache-2.0
import CZlib
public import MetricsAPI

/// zlib's deflate with gzip's frame (RFC 1952).
// Used by one caller at a time: the stream that owns it is asked for one chunk after the other.
@safe
public final class GzipDeflater: @unchecked Sendable {
    /// As API servers have it: lists are repetitive enough, and CPU is what we are to save.
    private static let level: Int32 = 1
    /// 16 KiB of window and a small hash: 128 KiB of memory for each answer that is compressed, half of zlib's default.
    private static let windowBits: Int32 = 14
    private static let memoryLevel: Int32 = 7
    /// Output is asked for in pieces of this many bytes at least.
    private static let piece = 16 * 1024

    // On the heap by itself, as zlib keeps a pointer back to it; freed in `deinit`.
    private let state: UnsafeMutablePointer<z_stream>
    private let isReady: Bool

    public init() {
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: z_stream())
        isReady = unsafe czlib_gzip_init(state, Self.level, Self.windowBits, Self.memoryLevel) == Z_OK
    }

    deinit {
        if isReady { unsafe deflateEnd(state) }
        unsafe state.deallocate()
    }

    /// Compresses `input` and appends what comes of it, which may be nothing yet.
    /// - Parameter last: there is no more; appends the rest and gzip's trailer.
    /// - Returns: false when zlib fails, for want of memory.
    public func deflate(_ input: borrowing ByteWriter, last: Bool, into out: inout ByteWriter) -> Bool {
        guard isReady else { return false }
        return unsafe input.withBytes { bytes in
            // zlib only reads it, and does not say so in its types. Valid until the end of this closure.
            unsafe state.pointee.next_in = UnsafeMutablePointer(
                mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
            unsafe state.pointee.avail_in = UInt32(bytes.count)
            defer { unsafe state.pointee.next_in = nil }
            while true {
                let (status, filled) = deflateOnce(last, &out)
                if status == Z_STREAM_END { return true }
                // Z_BUF_ERROR: there was nothing left to do.
                guard status == Z_OK || status == Z_BUF_ERROR else { return false }
                if !last, unsafe state.pointee.avail_in == 0, !filled { return true }
            }
        }
    }

    /// As much as there is room for; whether that was all the room.
    private func deflateOnce(_ last: Bool, _ out: inout ByteWriter) -> (status: Int32, filled: Bool) {
        var status = Z_OK
        var filled = false
        unsafe out.append(roomFor: Self.piece) { room in
            let count = min(room.count, Int(Int32.max))
            // Valid until the end of this closure, and no longer than that is it written to.
            unsafe state.pointee.next_out = room.bindMemory(to: UInt8.self).baseAddress
            unsafe state.pointee.avail_out = UInt32(count)
            status = unsafe CZlib.deflate(state, last ? Z_FINISH : Z_NO_FLUSH)
            let left = unsafe Int(state.pointee.avail_out)
            filled = left == 0
            return count - left
        }
        return (status, filled)
    }
}
