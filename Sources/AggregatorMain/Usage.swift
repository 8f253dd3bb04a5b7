// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Console

/// Values that are more than text, with the flag named in what is wrong about them.
enum Usage {
    static func duration(_ flag: String, _ text: String, _ range: ClosedRange<Duration>) throws -> Duration {
        try checked(flag) { () throws(FlagError) in try DurationFlag.parse(text, in: range) }
    }

    static func checked<Value>(_ flag: String, _ parse: () throws(FlagError) -> Value) throws -> Value {
        do {
            return try parse()
        } catch {
            throw ValidationError("\(error.of(flag: flag))")
        }
    }
}
