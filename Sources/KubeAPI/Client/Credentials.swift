// SPDX-License-Identifier: Apache-2.0
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TLS

/// Our credentials as they are now: read again when they are old, and when the server refuses them or shows a
/// certificate of another CA.
final class Credentials: Sendable {
    private struct State {
        var set: CredentialSet?
        var readAt: ContinuousClock.Instant?
        /// Under way; everybody waits for the same one.
        var reading: EventLoopFuture<CredentialSet>?
        /// The last read failed; said once.
        var isFailing = false
    }

    private let configuration: KubeConfiguration
    private let group: any EventLoopGroup
    private let threads: NIOThreadPool
    private let logger: Logger
    private let maximumAge: Duration
    private let state = Mutex(State())

    init(
        _ configuration: KubeConfiguration, group: any EventLoopGroup, threads: NIOThreadPool, logger: Logger,
        maximumAge: Duration
    ) {
        self.configuration = configuration
        self.group = group
        self.threads = threads
        self.logger = logger
        self.maximumAge = maximumAge
    }

    /// Read again if they are old. When that fails, the old ones are used on.
    func current(until deadline: NIODeadline) async throws(ExchangeFailure) -> CredentialSet {
        try await newest(maximumAge, deadline)
    }

    /// After a refusal of `refused`: others, if there are any by now.
    func renewed(after refused: CredentialSet, until deadline: NIODeadline) async -> CredentialSet? {
        guard let newest = try? await newest(KubeLimits.credentialsRetry, deadline),
            newest.context !== refused.context || newest.token != refused.token
        else { return nil }
        return newest
    }

    private enum Step {
        case have(CredentialSet)
        case wait(EventLoopFuture<CredentialSet>)
        case read(EventLoopPromise<CredentialSet>, previous: CredentialSet?)
    }

    /// Those of a read that is under way, or of a new one if the last was at least `age` ago.
    private func newest(_ age: Duration, _ deadline: NIODeadline) async throws(ExchangeFailure) -> CredentialSet {
        let step: Step = state.withLock { state in
            if let reading = state.reading { return .wait(reading) }
            let now = ContinuousClock.now
            if let set = state.set, let readAt = state.readAt, now - readAt < age { return .have(set) }
            state.readAt = now
            let promise = group.next().makePromise(of: CredentialSet.self)
            state.reading = promise.futureResult
            return .read(promise, previous: state.set)
        }
        let reading: EventLoopFuture<CredentialSet>
        switch step {
        case .have(let set): return set
        case .wait(let future): reading = future
        case .read(let promise, let previous):
            reading = promise.futureResult
            threads.runIfActive(eventLoop: promise.futureResult.eventLoop) { [configuration] in
                try CredentialSet.load(configuration, previous: previous)
            }.whenComplete { result in promise.completeWith(self.finished(result, previous: previous)) }
        }
        do {
            return try await reading.limited(
                to: deadline, ExchangeFailure(.timedOut, "the files with our credentials cannot be read in time"))
        } catch {
            throw error as? ExchangeFailure ?? ExchangeFailure(.unauthorized, "\(error)")
        }
    }

    private func finished(
        _ result: Result<CredentialSet, any Error>, previous: CredentialSet?
    ) -> Result<CredentialSet, any Error> {
        let failure = if case .failure(let error) = result { (error as? TLSError)?.message ?? "\(error)" } else { "" }
        let wasFailing = state.withLock { state in
            defer { state.isFailing = !failure.isEmpty }
            state.reading = nil
            if case .success(let set) = result { state.set = set }
            return state.isFailing
        }
        switch result {
        case .success(let set):
            if wasFailing { logger.info("credentials for the API server can be read again") }
            if let previous, previous.context !== set.context {
                logger.info("the API server's CA or our client certificate has changed")
            }
            return result
        case .failure:
            guard let previous else { return .failure(ExchangeFailure(.unauthorized, failure)) }
            if !wasFailing {
                logger.warning(
                    "credentials for the API server cannot be read; using those read before",
                    metadata: ["error": "\(failure)"])
            }
            return .success(previous)
        }
    }
}
