// SPDX-License-Identifier: Apache-2.0

/// `COMMAND --flag value ...`, for a program that only a script calls.
struct Flags {
    let command: String
    private var values: [String: String] = [:]

    init(_ arguments: [String]) throws {
        command = arguments.first ?? ""
        var rest = arguments.dropFirst()
        while let name = rest.popFirst() {
            guard name.hasPrefix("--"), let value = rest.popFirst() else {
                throw BenchError("\"\(name)\" is no flag with a value", isUsage: true)
            }
            values[String(name.dropFirst(2))] = value
        }
    }

    mutating func text(_ name: String) throws -> String {
        guard let value = values.removeValue(forKey: name) else {
            throw BenchError("--\(name) is missing", isUsage: true)
        }
        return value
    }

    mutating func number(_ name: String, _ range: ClosedRange<Int>) throws -> Int {
        let value = try text(name)
        guard let number = Int(value), range.contains(number) else {
            throw BenchError("--\(name): \"\(value)\" is not a number from \(range)", isUsage: true)
        }
        return number
    }

    /// Called when all that a command knows was taken.
    func finish() throws {
        if let name = values.keys.min() { throw BenchError("--\(name) is unknown to \(command)", isUsage: true) }
    }
}
