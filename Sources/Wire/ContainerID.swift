// SPDX-License-Identifier: Apache-2.0

/// Container ids on the wire: 64 lower-case hexadecimal digits, as every runtime makes them, travel as 32 bytes.
enum ContainerID {
    static let packedBytes = 32

    /// nil when the id has another form and must travel as text.
    static func packed(_ id: String) -> InlineArray<32, UInt8>? {
        var id = id
        return id.withUTF8 { digits in
            guard digits.count == 2 * packedBytes else { return nil }
            var bytes = InlineArray<32, UInt8>(repeating: 0)
            for index in bytes.indices {
                guard let high = unsafe value(of: digits[2 * index]), let low = unsafe value(of: digits[2 * index + 1])
                else { return nil }
                bytes[index] = high << 4 | low
            }
            return bytes
        }
    }

    /// - Parameter bytes: ``packedBytes`` of them.
    static func unpacked(_ bytes: RawSpan) -> String {
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe String(unsafeUninitializedCapacity: 2 * bytes.count) { digits in
                for index in bytes.indices {
                    unsafe digits[2 * index] = digit(bytes[index] >> 4)
                    unsafe digits[2 * index + 1] = digit(bytes[index] & 0xF)
                }
                return 2 * bytes.count
            }
        }
    }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
