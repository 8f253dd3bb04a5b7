// SPDX-License-Identifier: Apache-2.0

/// A value on the command line that cannot be used. The message stands alone: it quotes the value and says what is
/// accepted, so that a caller only has to put the flag's name before it.
public struct FlagError: Error, Equatable, Sendable, CustomStringConvertible {
    public let message: String

    public init(_ message: String) {
        self.message = message
    }

    public var description: String { message }

    /// The same error, said of one flag.
    public func of(flag: String) -> FlagError {
        FlagError("\(flag): \(message)")
    }
}

/// What the programs exit with.
public enum ExitStatus {
    public static let success: Int32 = 0
    /// Something that was asked for could not be done.
    public static let failure: Int32 = 1
    /// The command line itself is wrong.
    public static let usage: Int32 = 2
}
