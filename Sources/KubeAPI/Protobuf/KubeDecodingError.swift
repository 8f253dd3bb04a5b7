// SPDX-License-Identifier: Apache-2.0

/// Bytes that are not the object they should be. The client makes a ``KubeError`` of it that names the request.
public struct KubeDecodingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong, and where.
    public let description: String

    init(_ description: String) { self.description = description }

    @inline(never)
    static func malformed(at offset: Int) -> KubeDecodingError {
        KubeDecodingError("not a protobuf message (at byte \(offset))")
    }
}
