// SPDX-License-Identifier: Apache-2.0
import Testing

/// A command line that cannot work, and what has to be said about it.
struct BadCommandLine: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let status: Int32
    /// Each has to be in the message: the culprit, the cause, the way out.
    let message: [String]
    let arguments: @Sendable (BadInputPlace) -> [String]

    init(
        _ description: String, status: Int32, _ message: String...,
        arguments: @escaping @Sendable (BadInputPlace) -> [String]
    ) {
        testDescription = description
        self.status = status
        self.message = message
        self.arguments = arguments
    }
}
