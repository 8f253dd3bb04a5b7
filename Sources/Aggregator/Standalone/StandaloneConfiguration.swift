// SPDX-License-Identifier: Apache-2.0

/// What the command line asks for with `--standalone`.
public struct StandaloneConfiguration: Sendable {
    public var common: AggregatorConfiguration
    public var stateDirectory: String
    /// The nodes that the agents' token speaks for.
    public var nodeNames: [String]

    public init(common: AggregatorConfiguration, stateDirectory: String, nodeNames: [String]) {
        self.common = common
        self.stateDirectory = stateDirectory
        self.nodeNames = nodeNames
    }
}
