// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// POSIX's tar format (pax, IEEE Std 1003.1 "pax Interchange Format"): ustar headers, and in front of those entries that do
/// not fit into one an extended header with the fields that do.
enum TarArchive {
    static let blockSize = 512

    /// Two empty blocks.
    static var end: [UInt8] { [UInt8](repeating: 0, count: 2 * blockSize) }

    /// Header, content and padding.
    static func encode(_ entry: CapturedEntry) -> [UInt8] {
        var path = entry.path
        var content: [UInt8] = []
        var target = ""
        let type: UInt8
        switch entry.content {
        case .directory:
            type = UInt8(ascii: "5")
            path += "/"
        case .file(let bytes):
            type = UInt8(ascii: "0")
            content = bytes
        case .link(let to):
            type = UInt8(ascii: "2")
            target = to
        }
        var header = Header(
            path: path, target: target, permissions: entry.permissions, size: content.count,
            modificationTime: seconds(entry.modificationTime), type: type)
        var records = ""
        if !Header.fits(path) { records += record("path", path) }
        if !Header.fits(target) { records += record("linkpath", target) }
        // Of directories and links the time is a fact: when a container came to be.
        if type != UInt8(ascii: "0"), entry.modificationTime > 0 {
            records += record("mtime", decimal(entry.modificationTime))
        }
        var bytes: [UInt8] = []
        if !records.isEmpty {
            let extended = Header(
                path: "pax/header", target: "", permissions: 0o644, size: records.utf8.count,
                modificationTime: header.modificationTime, type: UInt8(ascii: "x"))
            bytes += extended.bytes + padded(Array(records.utf8))
            header.path = Header.fits(path) ? path : "pax/long-name"
            header.target = Header.fits(target) ? target : "pax/long-target"
        }
        return bytes + header.bytes + padded(content)
    }

    private static func padded(_ content: [UInt8]) -> [UInt8] {
        let rest = content.count % blockSize
        return rest == 0 ? content : content + [UInt8](repeating: 0, count: blockSize - rest)
    }

    private static func seconds(_ nanoseconds: Int64) -> Int { Int(max(0, nanoseconds) / 1_000_000_000) }

    private static func decimal(_ nanoseconds: Int64) -> String {
        let digits = "\(nanoseconds % 1_000_000_000)"
        return "\(nanoseconds / 1_000_000_000)." + String(repeating: "0", count: 9 - digits.utf8.count) + digits
    }

    /// "LENGTH KEY=VALUE\n"; the length counts its own digits.
    private static func record(_ key: String, _ value: String) -> String {
        let rest = " \(key)=\(value)\n"
        var length = rest.utf8.count
        while "\(length)".utf8.count + rest.utf8.count > length { length = "\(length)".utf8.count + rest.utf8.count }
        return "\(length)" + rest
    }
}

/// One block of ustar.
private struct Header {
    var path: String
    var target: String
    let permissions: UInt32
    let size: Int
    let modificationTime: Int
    let type: UInt8

    /// The fields of names hold so many bytes, and only ASCII means the same to everyone.
    static func fits(_ name: String) -> Bool {
        name.utf8.count <= 100 && name.utf8.allSatisfy { $0 < 0x80 }
    }

    var bytes: [UInt8] {
        var block = [UInt8](repeating: 0, count: TarArchive.blockSize)
        put(path, at: 0, &block)
        put(octal(Int(permissions), digits: 7), at: 100, &block)
        // Nobody of another machine's is meant: root owns all of it.
        put(octal(0, digits: 7), at: 108, &block)
        put(octal(0, digits: 7), at: 116, &block)
        put(octal(size, digits: 11), at: 124, &block)
        put(octal(modificationTime, digits: 11), at: 136, &block)
        block[156] = type
        put(target, at: 157, &block)
        put("ustar", at: 257, &block)
        put("00", at: 263, &block)
        // The sum of the block with blanks in the sum's own place.
        put("        ", at: 148, &block)
        put(octal(block.reduce(0) { $0 + Int($1) }, digits: 6), at: 148, &block)
        block[154] = 0
        return block
    }

    private func put(_ text: String, at offset: Int, _ block: inout [UInt8]) {
        for (index, byte) in text.utf8.enumerated() { block[offset + index] = byte }
    }

    private func octal(_ number: Int, digits: Int) -> String {
        // Sizes and times of captured files are far below the 8 GiB and the year 2242 that fit.
        let text = String(min(number, 1 << (3 * digits) - 1), radix: 8)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }
}
