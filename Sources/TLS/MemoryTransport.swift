// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// OpenSSL's view of the network: reads from bytes lent for one call, writes to a growing buffer.
///
/// Not a memory BIO: that one copies what it is given and never shrinks. End of file is never signalled here; a lost
/// peer is the owner's business, so that a truncated stream cannot look like a clean one on any OpenSSL version.
@safe
final class MemoryTransport {
    /// What OpenSSL may produce on its own between two drains: a handshake flight with a long certificate chain. Past
    /// it the connection fails instead of growing.
    static let hardCap = 1 << 20

    /// Lent by ``lend(_:_:)`` for the length of one OpenSSL call; empty otherwise.
    private var inbound = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    private var offset = 0
    /// Ciphertext waiting for the owner.
    var outbound: [UInt8] = []
    /// The first bytes the peer ever sent, to tell plain HTTP from garbage.
    private(set) var firstBytes: [UInt8] = []
    private(set) var overflowed = false

    /// Runs one OpenSSL call over `bytes`; returns how many of them it read.
    func lend<Result>(_ bytes: RawSpan, _ body: () -> Result) -> (consumed: Int, result: Result) {
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe inbound = buffer
            offset = 0
            let result = body()
            unsafe inbound = UnsafeRawBufferPointer(start: nil, count: 0)
            return (offset, result)
        }
    }

    fileprivate func read(into target: UnsafeMutableRawPointer, count: Int) -> Int {
        let available = unsafe min(inbound.count - offset, count)
        guard available > 0, let base = unsafe inbound.baseAddress else { return 0 }
        unsafe target.copyMemory(from: base + offset, byteCount: available)
        if firstBytes.count < 8 {
            let wanted = min(8 - firstBytes.count, available)
            unsafe firstBytes.append(contentsOf: UnsafeRawBufferPointer(start: base + offset, count: wanted))
        }
        offset += available
        return available
    }

    fileprivate func write(_ source: UnsafeRawBufferPointer) -> Bool {
        guard outbound.count + source.count <= Self.hardCap else {
            overflowed = true
            return false
        }
        unsafe outbound.append(contentsOf: source)
        return true
    }

    /// Makes room for so much more ciphertext at once, where it would be made by and by.
    func reserve(_ bytes: Int) {
        if outbound.isEmpty { outbound.reserveCapacity(bytes) }
    }

    /// A BIO that calls back into `self` without retaining it; whoever owns both must free the BIO first.
    func makeBIO() -> OpaquePointer? {
        guard let method = unsafe Self.method, let bio = unsafe BIO_new(method) else { return nil }
        unsafe BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        unsafe BIO_set_init(bio, 1)
        return unsafe bio
    }

    /// Built once, never changed, never freed.
    private nonisolated(unsafe) static let method: OpaquePointer? = {
        let kind = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
        guard let method = unsafe BIO_meth_new(kind, "memory transport") else { return nil }
        unsafe BIO_meth_set_write(method, bioWrite)
        unsafe BIO_meth_set_read(method, bioRead)
        unsafe BIO_meth_set_ctrl(method, bioControl)
        return unsafe method
    }()
}

private func transport(of bio: OpaquePointer?) -> MemoryTransport? {
    guard let data = unsafe BIO_get_data(bio) else { return nil }
    return unsafe Unmanaged<MemoryTransport>.fromOpaque(data).takeUnretainedValue()
}

private let bioWrite: @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, Int32) -> Int32 = { bio, bytes, count in
    unsafe mpssl_bio_clear_retry_flags(bio)
    guard count > 0 else { return 0 }
    guard let bytes = unsafe bytes, let transport = unsafe transport(of: bio) else { return -1 }
    return unsafe transport.write(UnsafeRawBufferPointer(start: bytes, count: Int(count))) ? count : -1
}

private let bioRead: @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>?, Int32) -> Int32 = {
    bio, target, count in
    unsafe mpssl_bio_clear_retry_flags(bio)
    guard count > 0 else { return 0 }
    guard let target = unsafe target, let transport = unsafe transport(of: bio) else { return -1 }
    let read = unsafe transport.read(into: target, count: Int(count))
    if read == 0 {
        unsafe mpssl_bio_set_retry_read(bio)
        return -1
    }
    return Int32(clamping: read)
}

private let bioControl: @convention(c) (OpaquePointer?, Int32, Int, UnsafeMutableRawPointer?) -> Int = {
    _, command, _, _ in
    // OpenSSL flushes at the end of a flight and treats anything but 1 as failure. All else is not supported.
    command == BIO_CTRL_FLUSH ? 1 : 0
}
