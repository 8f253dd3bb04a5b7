// SPDX-License-Identifier: Apache-2.0
import Logging
import NIOPosix
import Synchronization
import TLS

/// Our credentials as they are now: read again when they are old, and when the server refuses them or shows a
/// certificate of another CA.
final class Credentials: Sendable {
    private typealias Reading = Task<Result<CredentialSet, ExchangeFailure>, Never>

    private struct State {
        var set: CredentialSet?
        var readAt: ContinuousClock.Instant?
        /// Under way; everybody waits for the same one.
        var reading: Reading?
        /// The last read failed; said once.
        var isFailing = false
    }

    private let configuration: KubeConfiguration
    private let threads: NIOThreadPool
    private let logger: Logger
    private let maximumAge: Duration
    private let state = Mutex(State())

    init(
        _ configuration: KubeConfiguration, threads: NIOThreadPool, logger: Logger,
        maximumAge: Duration = KubeLimits.credentialsAge
    ) {
        self.configuration = configuration
        self.threads = threads
        self.logger = logger
        self.maximumAge = maximumAge
    }

    /// Read again if they are old. When that fails, the old ones are used on.
    func current() async throws(ExchangeFailure) -> CredentialSet {
        let (set, reading) = state.withLock { state in (state.set, read(&state, after: maximumAge)) }
        if let reading { return try await reading.value.get() }
        if let set { return set }
        throw ExchangeFailure(.unauthorized, "no credentials")
    }

    /// After a refusal of `refused`: others, if there are any by now.
    func renewed(after refused: CredentialSet) async -> CredentialSet? {
        let (set, reading) = state.withLock { state in (state.set, read(&state, after: KubeLimits.credentialsRetry)) }
        let newest = if let reading { try? await reading.value.get() } else { set }
        guard let newest, newest.context !== refused.context || newest.token != refused.token else { return nil }
        return newest
    }

    /// The read that is under way, or a new one if the last was at least `age` ago; nil otherwise.
    private func read(_ state: inout State, after age: Duration) -> Reading? {
        if let reading = state.reading { return reading }
        let now = ContinuousClock.now
        if state.set != nil, let readAt = state.readAt, now - readAt < age { return nil }
        state.readAt = now
        let previous = state.set
        let reading = Reading {
            let result: Result<CredentialSet, ExchangeFailure>
            do throws(ExchangeFailure) {
                result = .success(try await self.read(previous: previous))
            } catch {
                result = .failure(error)
            }
            self.state.withLock { $0.reading = nil }
            return result
        }
        state.reading = reading
        return reading
    }

    private func read(previous: CredentialSet?) async throws(ExchangeFailure) -> CredentialSet {
        let configuration = configuration
        do {
            let set = try await threads.runIfActive { try CredentialSet.load(configuration, previous: previous) }
            let wasFailing = state.withLock { state in
                defer { state.isFailing = false }
                state.set = set
                return state.isFailing
            }
            if wasFailing { logger.info("credentials for the API server can be read again") }
            if let previous, previous.context !== set.context {
                logger.info("the API server's CA or our client certificate has changed")
            }
            return set
        } catch {
            let wasFailing = state.withLock { state in
                defer { state.isFailing = true }
                return state.isFailing
            }
            let text = (error as? TLSError)?.message ?? "\(error)"
            guard let previous else { throw ExchangeFailure(.unauthorized, text) }
            if !wasFailing {
                logger.warning(
                    "credentials for the API server cannot be read; using those read before",
                    metadata: [
                        "error": "\(text)"
                    ])
            }
            return previous
        }
    }
}
