// SPDX-License-Identifier: Apache-2.0

/// What `/version` answers; field meanings as in apimachinery's `version.Info`.
public struct VersionInfo: Sendable, Equatable {
    public var major: String
    public var minor: String
    /// Semantic version with a leading "v": clients parse it.
    public var gitVersion: String
    public var gitCommit: String
    public var gitTreeState: String
    public var buildDate: String
    public var compiler: String
    /// "linux/amd64".
    public var platform: String

    public init(
        major: String, minor: String, gitVersion: String, gitCommit: String = "", gitTreeState: String = "",
        buildDate: String = "", compiler: String = "swift", platform: String
    ) {
        self.major = major
        self.minor = minor
        self.gitVersion = gitVersion
        self.gitCommit = gitCommit
        self.gitTreeState = gitTreeState
        self.buildDate = buildDate
        self.compiler = compiler
        self.platform = platform
    }
}
