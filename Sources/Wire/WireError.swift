// SPDX-License-Identifier: Apache-2.0

/// Why bytes were refused, or could not be made. Two errors are equal when their codes are: the detail is for people.
public struct WireError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The length in a frame header, or a frame about to be sent, is over the cap.
        case frameTooLarge
        /// A frame of no bytes: no message is that short.
        case emptyFrame
        /// Not protobuf, or protobuf that contradicts `wire.proto` or itself.
        case malformed
        /// A string, list or number of fields is over its cap in ``WireLimits``.
        case fieldTooLarge
        /// Well-formed, but none of this version's messages.
        case unexpectedMessage
        /// A field that must have a value within bounds has another.
        case invalidValue
        /// More than ``WireLimits/slots`` containers.
        case tooManySlots
        /// Unpacking took more than a frame of this length may.
        case outOfMemory
        /// The caller's mistake: calls out of order.
        case invalidState
    }

    public let code: Code
    /// What was wrong and where; holds no bytes from the peer.
    public let detail: String

    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    public static func == (left: WireError, right: WireError) -> Bool { left.code == right.code }

    public var description: String { "\(code.rawValue): \(detail)" }
}

extension WireError {
    // Kept out of line: the callers are hot, these are not.
    @inline(never)
    static func malformed(_ detail: String) -> WireError { WireError(.malformed, detail) }

    @inline(never)
    static func tooLong(_ field: StaticString, bytes: Int, cap: Int) -> WireError {
        WireError(.fieldTooLarge, "\(field) has \(bytes) bytes; at most \(cap) are allowed")
    }
}
