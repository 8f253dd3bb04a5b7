// SPDX-License-Identifier: Apache-2.0

/// Pressure stall information of one resource (Documentation/accounting/psi.rst): for what share of the time somebody
/// waited for it.
public struct Pressure: Sendable, Equatable {
    public struct Stall: Sendable, Equatable {
        /// Of the last 10 s, in hundredths of a percent.
        public var average10: UInt32
        /// Of the last 60 s, in hundredths of a percent.
        public var average60: UInt32
        /// Of the last 300 s, in hundredths of a percent.
        public var average300: UInt32
        /// Cumulative, µs.
        public var totalMicroseconds: UInt64

        public init(average10: UInt32, average60: UInt32, average300: UInt32, totalMicroseconds: UInt64) {
            self.average10 = average10
            self.average60 = average60
            self.average300 = average300
            self.totalMicroseconds = totalMicroseconds
        }
    }

    /// At least one task waited.
    public var some: Stall
    /// All of them did. Old kernels do not tell it of the CPU.
    public var full: Stall?

    public init(some: Stall, full: Stall? = nil) {
        self.some = some
        self.full = full
    }
}

extension Pressure {
    /// `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, and a line for `full`. nil: not that.
    init?(_ bytes: Span<UInt8>) {
        guard let some = Self.stall("some ", bytes) else { return nil }
        self.init(some: some, full: Self.stall("full ", bytes))
    }

    private static func stall(_ kind: StaticString, _ bytes: Span<UInt8>) -> Stall? {
        var position = 0
        while !bytes.begins(with: kind, at: position) {
            while position < bytes.count, bytes[position] != newline { position += 1 }
            position += 1
            if position >= bytes.count { return nil }
        }
        position += kind.utf8CodeUnitCount
        guard let average10 = average("avg10=", bytes, &position), let average60 = average("avg60=", bytes, &position),
            let average300 = average("avg300=", bytes, &position), bytes.begins(with: "total=", at: position)
        else { return nil }
        position += 6
        guard let total = decimal(bytes, at: &position) else { return nil }
        return Stall(average10: average10, average60: average60, average300: average300, totalMicroseconds: total)
    }

    /// `avg10=12.34 ` as 1234; moves behind the space.
    private static func average(_ key: StaticString, _ bytes: Span<UInt8>, _ position: inout Int) -> UInt32? {
        guard bytes.begins(with: key, at: position) else { return nil }
        position += key.utf8CodeUnitCount
        guard let whole = decimal(bytes, at: &position), whole <= 100, position + 3 < bytes.count,
            bytes[position] == UInt8(ascii: ".")
        else { return nil }
        position += 1
        let start = position
        guard let hundredths = decimal(bytes, at: &position), position == start + 2, bytes[position] == space else {
            return nil
        }
        position += 1
        return UInt32(whole * 100 + hundredths)
    }
}
