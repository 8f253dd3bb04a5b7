// SPDX-License-Identifier: Apache-2.0
import CKubeProto
import CProtobufC
import Glibc

/// `malloc` with a budget, for protobuf-c: what one message may take in all, counted up, never down.
@safe
private struct Budget: ~Copyable {
    @unsafe private struct State {
        var allocator: ProtobufCAllocator
        var left: Int
    }

    private let state: UnsafeMutablePointer<State>

    init(bytes: Int) {
        unsafe state = .allocate(capacity: 1)
        // The callback gets the address of a State that its Budget still owns: protobuf-c keeps no allocator.
        unsafe state.initialize(
            to: State(
                allocator: ProtobufCAllocator(
                    alloc: { unsafe Budget.allocate($1, from: $0) }, free: { unsafe free($1) }, allocator_data: state),
                left: bytes))
    }

    deinit { unsafe state.deallocate() }

    /// Valid as long as the budget; the first member of the state.
    var allocator: UnsafeMutablePointer<ProtobufCAllocator> {
        unsafe UnsafeMutableRawPointer(state).assumingMemoryBound(to: ProtobufCAllocator.self)
    }

    private static func allocate(_ size: Int, from data: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let state = unsafe data?.assumingMemoryBound(to: State.self), size >= 0,
            unsafe size <= state.pointee.left
        else { return nil }
        unsafe state.pointee.left -= size
        return unsafe malloc(size)
    }
}

/// Unpacks `bytes` with protobuf-c, lets `read` copy what it wants, and frees it.
///
/// Memory: 64 KiB and 24 times the message at most, which a message of the smallest entries needs, and never more than
/// 64 MiB. Depth is that of kube.proto: what it does not know is not looked into.
///
/// - Parameter unpack: the generated function.
func unpack<Message, Value>(
    _ bytes: RawSpan,
    _ unpack: (UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?) -> UnsafeMutablePointer<Message>?,
    _ read: (UnsafeMutablePointer<Message>) throws(KubeDecodingError) -> Value
) throws(KubeDecodingError) -> Value {
    let budget = Budget(bytes: min(64 << 10 + 24 * bytes.byteCount, 64 << 20))
    let unpacked = unsafe bytes.withUnsafeBytes {
        unsafe unpack(budget.allocator, $0.count, $0.assumingMemoryBound(to: UInt8.self).baseAddress)
    }
    guard let message = unsafe unpacked else { throw KubeDecodingError("not a protobuf message of this kind") }
    // Every generated struct begins with a ProtobufCMessage.
    defer {
        unsafe protobuf_c_message_free_unpacked(
            UnsafeMutableRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self), budget.allocator)
    }
    return unsafe try read(message)
}

extension ProtobufCBinaryData {
    /// As text; protobuf-c checks no encoding.
    func text(_ field: StaticString) throws(KubeDecodingError) -> String {
        guard let text = unsafe String(strict: buffer) else {
            throw KubeDecodingError("\(field) is not UTF-8")
        }
        return text
    }

    var array: [UInt8] { unsafe Array(buffer) }

    private var buffer: UnsafeBufferPointer<UInt8> { unsafe UnsafeBufferPointer(start: data, count: len) }
}

/// What `read` makes of each message of a repeated field: protobuf-c's array and its length.
func mapMessages<Message, Value>(
    _ start: UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?, _ count: Int,
    _ read: (Message) throws(KubeDecodingError) -> Value
) throws(KubeDecodingError) -> [Value] {
    guard let start = unsafe start else { return [] }
    var values: [Value] = []
    values.reserveCapacity(count)
    for index in 0..<count {
        if let message = unsafe start[index] { values.append(unsafe try read(message.pointee)) }
    }
    return values
}

/// The texts of a repeated string.
func texts(
    _ start: UnsafeMutablePointer<ProtobufCBinaryData>?, _ count: Int, _ field: StaticString
) throws(KubeDecodingError) -> [String] {
    guard let start = unsafe start else { return [] }
    var texts: [String] = []
    for index in 0..<count { texts.append(try unsafe start[index].text(field)) }
    return texts
}

/// A map of bytes.
func byteMap(
    _ start: UnsafeMutablePointer<UnsafeMutablePointer<Kube__StringEntry>?>?, _ count: Int
) throws(KubeDecodingError) -> [String: [UInt8]] {
    var map: [String: [UInt8]] = [:]
    let entries = unsafe try mapMessages(start, count) { (entry) throws(KubeDecodingError) in
        unsafe (key: try entry.key.text("a key"), value: entry.value.array)
    }
    for entry in entries { map[entry.key] = entry.value }
    return map
}
