// SPDX-License-Identifier: Apache-2.0

import CWire

/// A whole frame: header, then the message, in one allocation of the right size.
private func packedFrame(
    size: Int, cap: Int, _ pack: (UnsafeMutablePointer<UInt8>) -> Int
) throws(WireError) -> [UInt8] {
    guard size <= cap else {
        throw WireError(.frameTooLarge, "the frame has \(size) bytes; at most \(cap) are allowed")
    }
    let header = FrameHeader.byteCount
    return unsafe [UInt8](unsafeUninitializedCapacity: header + size) { buffer, count in
        // The capacity is at least 4, so that there is a base address.
        guard let base = buffer.baseAddress else { return }
        unsafe UnsafeMutableRawPointer(base).storeBytes(of: UInt32(size).bigEndian, as: UInt32.self)
        // protobuf-c writes exactly the size it computed before.
        count = unsafe header + pack(base + header)
    }
}

extension MetricsPush__V1__AgentFrame {
    mutating func packed(cap: Int) throws(WireError) -> [UInt8] {
        let size = unsafe metrics_push__v1__agent_frame__get_packed_size(&self)
        return try unsafe packedFrame(size: size, cap: cap) { unsafe metrics_push__v1__agent_frame__pack(&self, $0) }
    }
}

extension MetricsPush__V1__AggregatorFrame {
    mutating func packed(cap: Int) throws(WireError) -> [UInt8] {
        let size = unsafe metrics_push__v1__aggregator_frame__get_packed_size(&self)
        return try unsafe packedFrame(size: size, cap: cap) {
            unsafe metrics_push__v1__aggregator_frame__pack(&self, $0)
        }
    }
}
