// SPDX-License-Identifier: Apache-2.0

extension ByteWriter {
    /// A JSON string, escaped as Go's encoding/json does: also <, > and & and the two Unicode line separators.
    mutating func jsonString(_ value: String) {
        self.byte(0x22)
        let start = self.count
        self.text(value)
        // Almost nothing needs escaping: copy first, look afterwards, and redo the rare string that does.
        if self.contains(from: start, where: Self.mayNeedEscape) {
            self.truncate(to: start)
            self.escaped(Array(value.utf8))
        }
        self.byte(0x22)
    }

    /// `"name":`
    @inline(__always)
    mutating func jsonKey(_ name: String) {
        self.byte(0x22)
        self.text(name)
        self.byte(0x22)
        self.byte(0x3a)
    }

    @inline(__always)
    static func mayNeedEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == 0x22 || byte == 0x5c || byte == 0x3c || byte == 0x3e || byte == 0x26 || byte == 0xe2
    }

    private mutating func escaped(_ raw: [UInt8]) {
        var at = 0
        while at < raw.count {
            let byte = raw[at]
            switch byte {
            case 0x22: self.text("\\\"")
            case 0x5c: self.text("\\\\")
            case 0x08: self.text("\\b")
            case 0x0c: self.text("\\f")
            case 0x0a: self.text("\\n")
            case 0x0d: self.text("\\r")
            case 0x09: self.text("\\t")
            case 0..<0x20, 0x3c, 0x3e, 0x26:
                self.text("\\u00")
                self.byte(Self.hex(byte >> 4))
                self.byte(Self.hex(byte & 0xf))
            case 0xe2 where at + 2 < raw.count && raw[at + 1] == 0x80 && (raw[at + 2] == 0xa8 || raw[at + 2] == 0xa9):
                self.text(raw[at + 2] == 0xa8 ? "\\u2028" : "\\u2029")
                at += 2
            default: self.byte(byte)
            }
            at += 1
        }
    }

    static func hex(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + (nibble - 10)
    }
}
