// SPDX-License-Identifier: Apache-2.0

/// `--flag=`, as a manifest writes an empty value, which the library takes for a value that is missing.
enum EmptyValues {
    /// - Returns: the arguments with `--flag=` as the flag and its empty value.
    static func separated(_ arguments: [String]) -> [String] {
        arguments.flatMap { argument in
            argument.hasPrefix("--") && argument.utf8.count > 3 && argument.firstIndex(of: "=") == argument.indices.last
                ? [String(argument.dropLast()), ""] : [argument]
        }
    }
}
