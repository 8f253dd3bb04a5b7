// SPDX-License-Identifier: Apache-2.0

import CWire
import Glibc

/// Memory for one frame: handed out front to back, given back all at once. protobuf-c's many small allocations become one
/// `malloc` per frame, and nothing outlives the frame, so that an idle session holds none of it.
///
/// Blocks are chained; the first also holds the bookkeeping. What a frame may take in all is bounded by `limit`.
@safe struct Arena: ~Copyable {
    @unsafe private struct State {
        var allocator: ProtobufCAllocator
        /// The newest block; each begins with a pointer to the one before.
        var block: UnsafeMutableRawPointer?
        var cursor: UnsafeMutableRawPointer
        var free: Int
        var nextBlock: Int
        var left: Int
        var exhausted: Bool
    }

    /// Of everything protobuf-c and we put here; the C structs hold nothing wider than a pointer.
    private static let alignment = 8
    private static let linkBytes = unsafe MemoryLayout<UnsafeMutableRawPointer?>.stride

    /// Lives in the first block.
    private let state: UnsafeMutablePointer<State>

    /// - Parameters:
    ///   - expected: what the frame is likely to need.
    ///   - limit: what it may take.
    /// - Throws: `outOfMemory` when the system has none.
    init(expected: Int, limit: Int) throws(WireError) {
        let bytes = Self.rounded(min(max(expected, 256), limit))
        guard let memory = unsafe malloc(MemoryLayout<State>.stride + bytes) else { throw Self.noMemory }
        unsafe state = memory.bindMemory(to: State.self, capacity: 1)
        // The callback only ever gets the address of a State that its Arena still owns: protobuf-c keeps no allocator.
        let allocator = unsafe ProtobufCAllocator(
            alloc: { unsafe Arena.allocate($1, from: $0) }, free: { _, _ in }, allocator_data: memory)
        unsafe state.initialize(
            to: State(
                allocator: allocator, block: nil, cursor: memory + MemoryLayout<State>.stride, free: bytes,
                nextBlock: 2 * bytes, left: limit - bytes, exhausted: false))
    }

    deinit {
        var block = unsafe state.pointee.block
        while let this = unsafe block {
            unsafe block = this.load(as: UnsafeMutableRawPointer?.self)
            unsafe free(this)
        }
        unsafe free(state)
    }

    /// For protobuf-c; valid as long as the arena.
    var allocator: UnsafeMutablePointer<ProtobufCAllocator> {
        // The allocator is the first member of the state.
        unsafe UnsafeMutableRawPointer(state).assumingMemoryBound(to: ProtobufCAllocator.self)
    }

    /// An allocation was refused.
    var isExhausted: Bool { unsafe state.pointee.exhausted }

    /// Uninitialized memory for `count` values.
    func allocate<T: BitwiseCopyable>(_ type: T.Type, count: Int = 1) throws(WireError) -> UnsafeMutablePointer<T> {
        guard let memory = unsafe Self.allocate(MemoryLayout<T>.stride * count, from: state) else {
            throw Self.noMemory
        }
        return unsafe memory.bindMemory(to: type, capacity: count)
    }

    /// A copy that ends in NUL.
    func cString(_ string: String) throws(WireError) -> UnsafeMutablePointer<CChar> {
        var string = string
        let count = string.utf8.count
        let copy = try unsafe allocate(CChar.self, count: count + 1)
        string.withUTF8 { utf8 in
            for index in utf8.indices { unsafe copy[index] = CChar(bitPattern: utf8[index]) }
        }
        unsafe copy[count] = 0
        return unsafe copy
    }

    private static var noMemory: WireError { WireError(.outOfMemory, "no memory for a frame") }

    private static func rounded(_ size: Int) -> Int { (size + alignment - 1) & ~(alignment - 1) }

    private static func allocate(_ size: Int, from data: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let data = unsafe data else { return nil }
        let state = unsafe data.assumingMemoryBound(to: State.self)
        // Sizes come from protobuf-c, which derives them from the frame; rounding must not overflow on them.
        guard size >= 0, size <= Int.max / 2 else {
            unsafe state.pointee.exhausted = true
            return nil
        }
        let size = rounded(size)
        if unsafe size > state.pointee.free, unsafe !grow(state, atLeast: size) { return nil }
        let memory = unsafe state.pointee.cursor
        unsafe state.pointee.cursor = memory + size
        unsafe state.pointee.free -= size
        return unsafe memory
    }

    private static func grow(_ state: UnsafeMutablePointer<State>, atLeast size: Int) -> Bool {
        let bytes = max(size, min(unsafe state.pointee.nextBlock, unsafe state.pointee.left))
        guard unsafe bytes <= state.pointee.left, let block = unsafe malloc(linkBytes + bytes) else {
            unsafe state.pointee.exhausted = true
            return false
        }
        unsafe block.storeBytes(of: state.pointee.block, as: UnsafeMutableRawPointer?.self)
        unsafe state.pointee.block = block
        unsafe state.pointee.cursor = block + linkBytes
        unsafe state.pointee.free = bytes
        unsafe state.pointee.left -= bytes
        unsafe state.pointee.nextBlock = 2 * bytes
        return true
    }
}
