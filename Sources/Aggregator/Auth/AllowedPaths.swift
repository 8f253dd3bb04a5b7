// SPDX-License-Identifier: Apache-2.0

/// Paths that everybody may see (`--authorization-always-allow-paths`): whole, or up to a `*` at the end.
struct AllowedPaths: Equatable, Sendable {
    /// The probes and their single checks, so that a prober needs no credentials.
    static let probes = AllowedPaths(["/healthz*", "/readyz*", "/livez*"])

    private let patterns: [String]

    init(_ patterns: [String]) {
        // As the library: a leading slash does not matter.
        self.patterns = patterns.map { $0.hasPrefix("/") ? String($0.dropFirst()) : $0 }
    }

    func contains(_ path: String) -> Bool {
        let path = path.hasPrefix("/") ? path.dropFirst() : path[...]
        return patterns.contains { pattern in
            pattern.hasSuffix("*") ? path.hasPrefix(pattern.dropLast()) : path == pattern
        }
    }
}
