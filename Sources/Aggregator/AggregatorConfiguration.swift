// SPDX-License-Identifier: Apache-2.0
public import Console

/// What the command line asks for, in a cluster or without one.
public struct AggregatorConfiguration: Sendable {
    /// Address that both ports listen on.
    public var bindAddress: String
    /// The API's port; 0 takes any free one.
    public var securePort: Int
    /// The port that agents push to; 0 takes any free one.
    public var pushPort: Int
    public var store: StoreConfiguration
    /// Both ports stay open for this long after the signal to end, so that whoever balances load can turn away first.
    public var shutdownDelay: Duration
    /// Requests, and watches beside them, that are answered at a time; 0: any number.
    public var maxRequestsInFlight: Int
    public var maxWatches: Int
    public var logLevel: LogLevel
    /// Agent connections at a time; one over it is closed at once.
    public var maxAgents: Int

    public init(
        bindAddress: String, securePort: Int, pushPort: Int, store: StoreConfiguration = StoreConfiguration(),
        shutdownDelay: Duration = .zero, maxRequestsInFlight: Int = 400, maxWatches: Int = 1_000,
        logLevel: LogLevel = .info, maxAgents: Int = 20_000
    ) {
        self.bindAddress = bindAddress
        self.securePort = securePort
        self.pushPort = pushPort
        self.store = store
        self.shutdownDelay = shutdownDelay
        self.maxRequestsInFlight = maxRequestsInFlight
        self.maxWatches = maxWatches
        self.logLevel = logLevel
        self.maxAgents = maxAgents
    }

    var admission: Admission.Limits {
        Admission.Limits(requests: maxRequestsInFlight, watches: maxWatches)
    }
}

/// Something that keeps the aggregator from starting, in words for the operator.
public struct StartupError: Error, CustomStringConvertible, Sendable {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }

    /// Runs one step of the start; whatever it throws becomes a StartupError with the same words.
    static func wrapping<Result>(_ body: () throws -> Result) throws(StartupError) -> Result {
        do {
            return try body()
        } catch {
            throw StartupError("\(error)")
        }
    }
}
