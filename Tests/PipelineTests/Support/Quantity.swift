// SPDX-License-Identifier: Apache-2.0

/// `resource.Quantity` as text, read back.
enum Quantity {
    struct Malformed: Error {
        let text: String
    }

    static func nanocores(_ text: String) throws -> UInt64 {
        try value(text, [("n", 1), ("u", 1_000), ("m", 1_000_000), ("", 1_000_000_000)])
    }

    static func bytes(_ text: String) throws -> UInt64 {
        try value(text, [("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30), ("k", 1_000), ("M", 1_000_000), ("", 1)])
    }

    private static func value(_ text: String, _ units: [(suffix: String, factor: UInt64)]) throws -> UInt64 {
        for (suffix, factor) in units where text.hasSuffix(suffix) {
            if let number = UInt64(text.dropLast(suffix.count)) { return number * factor }
        }
        throw Malformed(text: text)
    }
}
