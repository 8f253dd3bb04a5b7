// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Console

extension Usage {
    static func number(_ flag: String, _ value: Int, _ range: ClosedRange<Int>) throws -> Int {
        guard range.contains(value) else {
            throw ValidationError("\(flag): \(value) is not from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// For errors that name their flags.
    static func checked<Value>(_ parse: () throws(FlagError) -> Value) throws -> Value {
        do {
            return try parse()
        } catch {
            throw ValidationError("\(error)")
        }
    }
}
