// SPDX-License-Identifier: Apache-2.0

/// `v1.30.2-gke.1`, as far as it decides what a server can do.
struct ServerVersion: Comparable, Sendable {
    let major: Int
    let minor: Int

    /// The oldest that we are tested with.
    static let oldest = ServerVersion(major: 1, minor: 20)
    /// Since then a TokenReview names the node that a token is bound to (KEP-4193).
    static let nodeClaims = ServerVersion(major: 1, minor: 30)

    init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// - Parameter text: a `gitVersion`.
    init?(_ text: String) {
        let parts = text.drop { $0 == "v" }.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix { $0.isNumber }) else {
            return nil
        }
        self.init(major: major, minor: minor)
    }

    static func < (lhs: ServerVersion, rhs: ServerVersion) -> Bool {
        (lhs.major, lhs.minor) < (rhs.major, rhs.minor)
    }
}
