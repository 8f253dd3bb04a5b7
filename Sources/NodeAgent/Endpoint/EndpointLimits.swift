// SPDX-License-Identifier: Apache-2.0

/// What a client of the endpoint may take up.
enum EndpointLimits {
    /// A scraper, a probe, a person, and some that are no good. One more makes room for itself.
    static let connections = 8
    /// Those that have to go and are still being told so do not count among them, but are not without number either.
    static let sockets = 2 * connections
    /// Request line and headers; Prometheus sends about 400 bytes.
    static let headBytes = 8 << 10
    /// Then the client connects anew: no connection lives for ever.
    static let requestsPerConnection = 100
    /// What is still taken from a client that was told that the connection ends, so that it gets to read why.
    static let drainBytes = 64 << 10
    /// Containers whose figures fit one answer, about 5 MB; far more than a node runs.
    static let containers = 2_048
}

/// How long the endpoint waits for what.
struct EndpointTimes: Sendable {
    /// A request's head must have come, and its answer must be taken, each within this time.
    var request: Duration = .seconds(5)
    /// Between two requests of a client; scrapers come once a minute at the latest.
    var idle: Duration = .seconds(90)
    /// For a client to read why it was refused, and go.
    var drain: Duration = .milliseconds(500)
    /// For the sampling thread to read the containers. Then the answer goes out without them.
    var collection: Duration = .seconds(2)
    /// Containers are not read more often than this, whoever asks.
    var freshness: Duration = .seconds(1)
    /// Accepting pauses for so long when the process has no descriptor left.
    var acceptPause: Duration = .milliseconds(200)
    /// Answers that are on their way may end when the agent does.
    var goodbye: Duration = .seconds(1)
}
