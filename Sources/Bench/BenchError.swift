// SPDX-License-Identifier: Apache-2.0

/// Something that could not be measured, and why.
struct BenchError: Error, CustomStringConvertible {
    let description: String
    /// The command line is wrong.
    let isUsage: Bool

    init(_ description: String, isUsage: Bool = false) {
        self.description = description
        self.isUsage = isUsage
    }
}
