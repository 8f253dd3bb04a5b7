// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Lines of a key and a value: `memory.stat`, `cpu.stat`, `/proc/meminfo`. Unknown keys are passed over, and nothing
/// behind the key that is asked for is looked at.
enum KeyedFile {
    /// The number behind `key`. `.malformed` in a complete file that does not have the key.
    static func parse(_ key: StaticString, _ bytes: Span<UInt8>, complete: Bool) -> Parsed<UInt64> {
        var position = 0
        while position < bytes.count {
            if bytes.begins(with: key, at: position) {
                var value = position + key.utf8CodeUnitCount
                if value < bytes.count, bytes[value] == space {
                    value += 1
                    return number(bytes, at: value, complete: complete)
                }
            }
            position = endOfLine(bytes, from: position) + 1
        }
        return complete ? .malformed : .incomplete
    }

    /// The bytes behind `MemTotal:` and the like, which count in kB.
    static func kibibytes(_ key: StaticString, _ bytes: Span<UInt8>) -> UInt64? {
        var position = 0
        while position < bytes.count {
            if bytes.begins(with: key, at: position) {
                var value = position + key.utf8CodeUnitCount
                while value < bytes.count, bytes[value] == space { value += 1 }
                guard let number = decimal(bytes, at: &value), bytes.begins(with: " kB", at: value) else { return nil }
                let (scaled, overflow) = number.multipliedReportingOverflow(by: 1024)
                return overflow ? nil : scaled
            }
            position = endOfLine(bytes, from: position) + 1
        }
        return nil
    }

    private static func number(_ bytes: Span<UInt8>, at start: Int, complete: Bool) -> Parsed<UInt64> {
        var position = start
        guard let number = decimal(bytes, at: &position) else {
            return complete || endOfLine(bytes, from: start) < bytes.count ? .malformed : .incomplete
        }
        if position == bytes.count { return complete ? .value(number) : .incomplete }
        return bytes[position] == newline ? .value(number) : .malformed
    }

    /// Where the line's newline is; the end when it has none. The library's search, because most of a `memory.stat` is
    /// lines to pass over: it takes a sixth of the instructions of a loop.
    private static func endOfLine(_ bytes: Span<UInt8>, from start: Int) -> Int {
        guard start < bytes.count else { return bytes.count }
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress,
                let found = unsafe memchr(base + start, Int32(newline), buffer.count - start)
            else { return buffer.count }
            return unsafe UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
        }
    }
}
