// SPDX-License-Identifier: Apache-2.0
public import Logging
public import NIOCore
import NIOPosix

/// Speaks to the API server: requests on a few kept-alive HTTP/1.1 connections, each watch on one of its own.
///
/// Every call ends by its timeout. Answers 429 and 503 with a Retry-After are waited out within it; a request that died
/// with a connection which had gone stale is sent again if that can do no harm. Refused credentials are read again
/// once, at once. Cancelling a task ends its request.
public final class KubeClient: Sendable {
    let configuration: KubeConfiguration
    private let userAgent: String
    let times: KubeTimes
    /// Where requests wait for their turn. Always the same: a loop taken from the group for each request would decide, by
    /// turns, which loops the connections of a server in this process go to.
    private let waitingLoop: any EventLoop
    private let connector: Connector
    let credentials: Credentials
    private let slots = RequestSlots(count: KubeLimits.connections, longestLine: KubeLimits.waitingRequests)
    private let connections = ConnectionSet()

    /// Opens nothing yet.
    ///
    /// - Parameters:
    ///   - userAgent: such as `metrics-push-aggregator/1.0`; the API server logs it.
    ///   - logger: told when credentials change or cannot be read.
    public convenience init(
        configuration: KubeConfiguration, group: any EventLoopGroup, userAgent: String, logger: Logger
    ) {
        self.init(
            configuration: configuration, group: group, userAgent: userAgent, logger: logger,
            times: KubeTimes())
    }

    init(
        configuration: KubeConfiguration, group: any EventLoopGroup, userAgent: String, logger: Logger,
        times: KubeTimes
    ) {
        // For look-ups and file reads, which block.
        let threads = NIOSingletons.posixBlockingThreadPool
        self.configuration = configuration
        self.userAgent = userAgent
        self.times = times
        waitingLoop = group.next()
        connector = Connector(
            endpoint: configuration.endpoint, serverName: configuration.tlsServerName ?? configuration.endpoint.host,
            group: group, times: times,
            resolver: NameResolver(endpoint: configuration.endpoint, group: group, threads: threads))
        credentials = Credentials(
            configuration, group: group, threads: threads, logger: logger, maximumAge: times.credentialsAge)
    }

    /// Ends what is under way with `cancelled` and closes every connection. The client is of no use afterwards.
    public func shutdown() async {
        slots.close()
        await connections.close()
    }

    // MARK: Requests

    /// One request; returns a 2xx answer.
    func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        let deadline = NIODeadline.now() + TimeAmount(clamping: request.timeout ?? times.request)
        do throws(ExchangeFailure) {
            try await slots.acquire(until: deadline, on: waitingLoop)
            defer { slots.release() }
            return try await answer(to: request, deadline)
        } catch {
            throw error.error.prefixed(request.label(configuration.endpoint))
        }
    }

    private func answer(
        to request: KubeRequest, _ deadline: NIODeadline
    ) async throws(ExchangeFailure) -> KubeResponse {
        var credentials = try await credentials.current(until: deadline)
        var (mayRenew, mayReuse, retries) = (true, true, 0)
        while true {
            let reused = mayReuse ? connections.takeIdle(credentials.context) : nil
            let failure: ExchangeFailure
            do throws(ExchangeFailure) {
                let connection =
                    if let reused { reused } else { try await open(credentials, deadline) }
                let response = try await connection.perform(
                    request, configuration.endpoint, userAgent: userAgent, token: credentials.token,
                    deadline: deadline)
                connections.giveBack(connection)
                if response.isSuccess || request.takesEveryStatus { return response }
                failure = ExchangeFailure(response.error)
            } catch {
                // Closed by the server while it was idle: nothing of the answer has come, and another one will do.
                let isStale = reused != nil && error.error.code == .unreachable && !error.isAnswered
                if isStale, request.isIdempotent || !error.mayHaveArrived {
                    connections.dropIdle()
                    mayReuse = false
                    continue
                }
                failure = error
            }
            if failure.error.code == .unauthorized || failure.isVerification, mayRenew,
                let renewed = await self.credentials.renewed(after: credentials, until: deadline)
            {
                credentials = renewed
                mayRenew = false
                continue
            }
            guard retries < KubeLimits.retries, let wait = Self.wait(failure.error, deadline) else { throw failure }
            retries += 1
            do {
                try await Task.sleep(for: wait)
            } catch {
                throw ExchangeFailure(.cancelled, "cancelled")
            }
        }
    }

    /// How long to wait before asking again; nil when the server does not want that, or not in time.
    private static func wait(_ error: KubeError, _ deadline: NIODeadline) -> Duration? {
        guard error.code == .tooManyRequests || error.code == .serverError, let asked = error.retryAfter else {
            return nil
        }
        // A second is the shortest a header can say; 0 would be a busy loop.
        let wait = max(asked, .milliseconds(100))
        guard wait <= KubeLimits.longestRetryAfter,
            NIODeadline.now() + TimeAmount(clamping: wait) < deadline
        else { return nil }
        return wait
    }

    private func open(
        _ credentials: CredentialSet, _ deadline: NIODeadline
    ) async throws(ExchangeFailure) -> Connection {
        let connection = try await connector.connect(credentials.context, deadline: deadline)
        guard connections.add(connection) else { throw ExchangeFailure(.cancelled, "the client is shut down") }
        return connection
    }

    /// A request whose answer is taken piece by piece, on a connection of its own. Returns when the server ends it.
    func stream(_ request: KubeRequest, _ stream: Exchange.Stream) async throws(KubeError) {
        let deadline = NIODeadline.now() + TimeAmount(clamping: request.timeout ?? times.request)
        do throws(ExchangeFailure) {
            var credentials = try await credentials.current(until: .now() + times.handshake)
            var mayRenew = true
            while true {
                let failure: ExchangeFailure
                do throws(ExchangeFailure) {
                    let connection = try await open(credentials, min(deadline, .now() + times.handshake))
                    let response = try await connection.perform(
                        request, configuration.endpoint, userAgent: userAgent, token: credentials.token,
                        deadline: deadline, stream: stream)
                    connection.close()
                    if response.status == 200 { return }
                    failure = ExchangeFailure(response.error)
                } catch {
                    failure = error
                }
                guard failure.error.code == .unauthorized || failure.isVerification, mayRenew,
                    let renewed = await self.credentials.renewed(
                        after: credentials, until: .now() + times.handshake)
                else { throw failure }
                credentials = renewed
                mayRenew = false
            }
        } catch {
            throw error.error.prefixed(request.label(configuration.endpoint))
        }
    }
}
