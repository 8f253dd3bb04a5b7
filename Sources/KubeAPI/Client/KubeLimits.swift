// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// What one API server may cost us, whatever it does.
enum KubeLimits {
    /// A page of 500 objects, each as large as etcd lets it be if only the metadata were that large, is 750 MB; real
    /// metadata is 1 to 10 KB. Bytes.
    static let listPage = 64 << 20
    /// etcd takes 1.5 MiB for one object; the encoding around it is small. Bytes.
    static let object = 4 << 20
    /// One changed object in a watch, with room for two encodings of it. Bytes.
    static let watchFrame = 8 << 20
    /// An error's body: a Status is a few hundred bytes. Bytes.
    static let errorBody = 1 << 20
    /// Response headers. Bytes; the API server sends about ten short fields.
    static let headers = 64 << 10
    static let headerFields = 128

    /// Requests at a time, each on a connection of its own. A review takes a few ms, so this is thousands a second, and
    /// well below what API Priority and Fairness gives one user.
    static let connections = 8
    /// Requests that wait for one of them; each until its own deadline.
    static let waitingRequests = 256
    /// An idle connection is closed after this long: before the API server does it (90 s), so that few are found dead.
    static let idle: TimeAmount = .seconds(60)

    /// A server may take this long to answer our goodbye: nothing of ours is on its way then.
    static let goodbye: TimeAmount = .seconds(1)
    /// Answers 429 and 503 that one request puts up with.
    static let retries = 10
    /// Beyond this a server's Retry-After is not believed.
    static let longestRetryAfter: Duration = .seconds(60)

    /// Between two reads that refusals cause.
    static let credentialsRetry: Duration = .seconds(1)
}

extension TimeAmount {
    /// At most some 30 years, which no wait of ours is.
    init(clamping duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let bounded = max(-1_000_000_000, min(seconds, 1_000_000_000))
        self = .nanoseconds(bounded * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
