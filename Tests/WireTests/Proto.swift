// SPDX-License-Identifier: Apache-2.0

/// Protobuf by hand, to say what no encoder of ours would.
struct Proto {
    var bytes: [UInt8] = []

    static func varint(_ value: UInt64) -> [UInt8] {
        var value = value
        var bytes: [UInt8] = []
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }

    /// The same number in so many bytes, where fewer would do.
    static func varint(_ value: UInt64, bytes count: Int) -> [UInt8] {
        var bytes = varint(value)
        while bytes.count < count {
            bytes[bytes.count - 1] |= 0x80
            bytes.append(0)
        }
        return bytes
    }

    /// The number at the beginning, which is taken away. Only for bytes of our own encoder.
    static func takeVarint(_ bytes: inout ArraySlice<UInt8>) -> UInt64 {
        var (value, shift) = (UInt64(0), UInt64(0))
        while let byte = bytes.popFirst() {
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { break }
            shift += 7
        }
        return value
    }

    static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value << 1) ^ (value >> 63)) }

    func number(_ field: UInt64, _ value: UInt64) -> Proto {
        Proto(bytes: bytes + Self.varint(field << 3) + Self.varint(value))
    }

    func signed(_ field: UInt64, _ value: Int64) -> Proto { number(field, Self.zigzag(value)) }

    func raw(_ field: UInt64, _ content: [UInt8]) -> Proto {
        Proto(bytes: bytes + Self.varint(field << 3 | 2) + Self.varint(UInt64(content.count)) + content)
    }

    func text(_ field: UInt64, _ string: String) -> Proto { raw(field, Array(string.utf8)) }

    func message(_ field: UInt64, _ message: Proto) -> Proto { raw(field, message.bytes) }

    func column(_ field: UInt64, _ values: [UInt64]) -> Proto { raw(field, values.flatMap { Self.varint($0) }) }

    /// An AgentFrame with these samples.
    static func samples(_ samples: Proto) -> [UInt8] { Proto().message(2, samples).bytes }

    /// A Samples with what every one has; slot numbers below are field numbers of wire.proto.
    static func sweep(_ sequence: UInt64, complete: Bool) -> Proto {
        var proto = Proto().number(1, sequence)
        if complete { proto = proto.number(2, 1) }
        return proto.number(3, 1_000_000).signed(4, 1_700_000_000_000_000)
    }

    static func entry(_ slot: UInt64, _ uid: String = "pod-uid", id: String = "container-id") -> Proto {
        Proto().number(1, slot).text(2, uid).text(9, id)
    }
}
