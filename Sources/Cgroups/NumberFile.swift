// SPDX-License-Identifier: Apache-2.0

/// What a parser makes of the bytes that were read so far.
enum Parsed<Value: Equatable>: Equatable {
    case value(Value)
    /// More has to be read; never said of a complete file.
    case incomplete
    case malformed
}

/// A number as the kernel prints it in a file of its own.
enum KernelNumber: Equatable {
    case finite(UInt64)
    /// "max"
    case unlimited
}

/// One number and a newline: `memory.current`, `memory.max`, `memory.usage_in_bytes`, `cpuacct.usage`.
enum NumberFile {
    static func parse(_ bytes: Span<UInt8>, complete: Bool) -> Parsed<KernelNumber> {
        var end = bytes.count
        if end > 0, bytes[end - 1] == newline {
            end -= 1
        } else if !complete {
            return .incomplete
        }
        if end == 3, bytes.begins(with: "max") { return .value(.unlimited) }
        var position = 0
        guard let number = decimal(bytes, at: &position), position == end else { return .malformed }
        return .value(.finite(number))
    }
}

let newline = UInt8(ascii: "\n")
let space = UInt8(ascii: " ")

/// The decimal number at `position`, which moves behind it; nil: no digits there, or more than 64 bits. A negative number
/// is 0: some kernels print a counter that ran below it (libcontainer's `ParseUint` does the same).
func decimal(_ bytes: Span<UInt8>, at position: inout Int) -> UInt64? {
    let isNegative = position < bytes.count && bytes[position] == UInt8(ascii: "-")
    if isNegative { position += 1 }
    let start = position
    var value: UInt64 = 0
    while position < bytes.count {
        let digit = bytes[position] &- UInt8(ascii: "0")
        guard digit < 10 else { break }
        let (scaled, tooLarge) = value.multipliedReportingOverflow(by: 10)
        let (sum, overflow) = scaled.addingReportingOverflow(UInt64(digit))
        if tooLarge || overflow { return nil }
        value = sum
        position += 1
    }
    guard position > start else { return nil }
    return isNegative ? 0 : value
}
