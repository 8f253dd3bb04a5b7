// SPDX-License-Identifier: Apache-2.0

/// What the command line asks for with `--standalone`.
public struct StandaloneConfiguration: Sendable {
    public var common: AggregatorConfiguration
    public var stateDirectory: String
    /// The nodes that the agents' token speaks for.
    public var nodeNames: [String]
    /// A file with more of them, a line each; read at the start.
    public var nodeNamesFile: String?

    public init(
        common: AggregatorConfiguration, stateDirectory: String, nodeNames: [String], nodeNamesFile: String? = nil
    ) {
        self.common = common
        self.stateDirectory = stateDirectory
        self.nodeNames = nodeNames
        self.nodeNamesFile = nodeNamesFile
    }
}
