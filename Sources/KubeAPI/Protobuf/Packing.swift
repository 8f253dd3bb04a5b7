// SPDX-License-Identifier: Apache-2.0
import CKubeProto
import CProtobufC

/// Owns the memory of one message while it is put together and packed; nothing of it survives this object.
@safe
final class Packer {
    /// Each freed in `deinit`.
    private var owned: [UnsafeMutableRawPointer] = unsafe []

    deinit { for index in unsafe owned.indices { unsafe owned[index].deallocate() } }

    /// A message, set up by its generated init function.
    func make<Message>(_ setUp: (UnsafeMutablePointer<Message>?) -> Void) -> UnsafeMutablePointer<Message> {
        let message = UnsafeMutablePointer<Message>.allocate(capacity: 1)
        unsafe owned.append(message)
        unsafe setUp(message)
        return unsafe message
    }

    /// A bytes field's value.
    func bytes(_ bytes: some Collection<UInt8>) -> ProtobufCBinaryData {
        guard !bytes.isEmpty else { return unsafe ProtobufCBinaryData(len: 0, data: nil) }
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        unsafe owned.append(UnsafeMutableRawPointer(copy.baseAddress!))
        unsafe _ = copy.initialize(from: bytes)
        return unsafe ProtobufCBinaryData(len: copy.count, data: copy.baseAddress)
    }

    func text(_ text: String) -> ProtobufCBinaryData { unsafe bytes(text.utf8) }

    /// A repeated field's array; its length is that of `values`.
    func array<Element>(_ values: [Element]) -> UnsafeMutablePointer<Element>? {
        guard !values.isEmpty else { return nil }
        let copy = UnsafeMutablePointer<Element>.allocate(capacity: values.count)
        unsafe owned.append(copy)
        for index in values.indices { unsafe (copy + index).initialize(to: values[index]) }
        return unsafe copy
    }

    func texts(_ values: [String]) -> UnsafeMutablePointer<ProtobufCBinaryData>? {
        unsafe array(values.map { unsafe text($0) })
    }

    /// A map, in the order of its keys, as Go's encoder writes it.
    func entries(
        _ map: some Collection<(key: String, value: [UInt8])>
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<Kube__StringEntry>?>? {
        var entries: [UnsafeMutablePointer<Kube__StringEntry>?] = unsafe []
        for (key, value) in map.sorted(by: { $0.key < $1.key }) {
            let entry = unsafe make(kube__string_entry__init)
            unsafe (entry.pointee.has_key, entry.pointee.key) = (1, text(key))
            unsafe (entry.pointee.has_value, entry.pointee.value) = (1, bytes(value))
            unsafe entries.append(entry)
        }
        return unsafe array(entries)
    }

    /// The message's wire form.
    func pack<Message>(_ message: UnsafeMutablePointer<Message>) -> [UInt8] {
        // Every generated struct begins with a ProtobufCMessage.
        let base = unsafe UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
        let size = unsafe protobuf_c_message_get_packed_size(base)
        return unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            unsafe count = protobuf_c_message_pack(base, buffer.baseAddress)
        }
    }

    /// A whole request body: the message in its envelope.
    func body<Message>(_ message: UnsafeMutablePointer<Message>, apiVersion: String, kind: String) -> [UInt8] {
        let meta = unsafe make(kube__type_meta__init)
        unsafe (meta.pointee.has_api_version, meta.pointee.api_version) = (1, text(apiVersion))
        unsafe (meta.pointee.has_kind, meta.pointee.kind) = (1, text(kind))
        let unknown = unsafe make(kube__unknown__init)
        unsafe unknown.pointee.type_meta = unsafe meta
        unsafe (unknown.pointee.has_raw, unknown.pointee.raw) = (1, bytes(pack(message)))
        return Envelope.magic + (unsafe pack(unknown))
    }
}
