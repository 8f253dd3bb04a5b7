// SPDX-License-Identifier: Apache-2.0

/// Why the API server cannot be found or spoken to from here: names the file or variable, the key and the way out.
public struct KubeConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
