// SPDX-License-Identifier: Apache-2.0
public import Console

/// What the command line asks for.
public struct AggregatorConfiguration: Sendable {
    /// Address that both ports listen on.
    public var bindAddress: String
    /// The API's port; 0 takes any free one.
    public var securePort: Int
    /// The port that agents push to; 0 takes any free one.
    public var pushPort: Int
    public var store: StoreConfiguration
    public var stateDirectory: String
    /// The nodes that the standalone token speaks for.
    public var nodeNames: [String]
    public var logLevel: LogLevel

    public init(
        bindAddress: String, securePort: Int, pushPort: Int, store: StoreConfiguration, stateDirectory: String,
        nodeNames: [String], logLevel: LogLevel
    ) {
        self.bindAddress = bindAddress
        self.securePort = securePort
        self.pushPort = pushPort
        self.store = store
        self.stateDirectory = stateDirectory
        self.nodeNames = nodeNames
        self.logLevel = logLevel
    }
}

/// Something that keeps the aggregator from starting, in words for the operator.
public struct StartupError: Error, CustomStringConvertible, Sendable {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
