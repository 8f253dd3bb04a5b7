// SPDX-License-Identifier: Apache-2.0

import CWire

extension MessageShape {
    typealias Unpack<Message> = (
        UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?
    ) -> UnsafeMutablePointer<Message>?

    /// Lets protobuf-c unpack a message that has passed the prescan; what it makes lives while `read` runs.
    ///
    /// - Parameter unpack: protobuf-c's function for a message of this shape.
    /// - Throws: `fieldTooLarge`, `malformed`, `outOfMemory`, and what `read` throws.
    func unpacked<Message, Result>(
        _ body: RawSpan, _ range: Range<Int>, by unpack: Unpack<Message>,
        _ read: (UnsafeMutablePointer<Message>) throws(WireError) -> Result
    ) throws(WireError) -> Result {
        let prescan = try Prescan(body, range, as: self)
        let arena = try Arena(expected: prescan.memory, limit: WireLimits.arenaBytes(frameLength: range.count))
        let unpacked = unsafe body.extracting(range).withUnsafeBytes {
            unsafe unpack(arena.allocator, $0.count, $0.assumingMemoryBound(to: UInt8.self).baseAddress)
        }
        guard let message = unsafe unpacked else {
            throw arena.isExhausted
                ? WireError(.outOfMemory, "unpacking the frame takes more memory than a frame of its length may")
                : .malformed("protobuf-c could not unpack the frame")
        }
        return try unsafe read(message)
    }
}
