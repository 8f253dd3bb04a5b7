// SPDX-License-Identifier: Apache-2.0
import Synchronization
import TLS
package import Wire

/// Keeps a session to one address alive: connects, pushes, and after a failure tries again. One thread each.
final class Pusher: Sendable {
    private let address: SocketAddress
    private let serverName: String
    private let settings: PushSettings
    private let feed: FrameFeed
    private let signal: EventSignal
    private let isStopped = Atomic(false)
    private let hasFailed = Atomic(false)
    private let failure: EventSignal?

    /// - Parameter failure: raised with each attempt that fails.
    init(
        address: SocketAddress, serverName: String, settings: PushSettings, feed: FrameFeed,
        failure: EventSignal? = nil
    ) throws(SystemFailure) {
        self.failure = failure
        self.address = address
        self.serverName = serverName
        self.settings = settings
        self.feed = feed
        signal = try EventSignal()
    }

    /// The aggregator's name no longer resolves to this address: no further attempt once the session ends.
    func stop() {
        isStopped.store(true, ordering: .releasing)
        signal.raise()
    }

    /// The last attempt has failed, and no session was accepted since: perhaps the aggregator is elsewhere by now.
    var isFailing: Bool { hasFailed.load(ordering: .acquiring) }

    private var mayGoOn: Bool { !isStopped.load(ordering: .acquiring) && !feed.isFinished }

    func run() {
        feed.add(listener: signal)
        defer { feed.remove(listener: signal) }
        let counters = settings.registry.enter(address)
        defer { settings.registry.leave(address) }
        var backoff = Backoff(interval: settings.interval, first: settings.times.firstPause, span: settings.times.span)
        /// What was last complained of: an aggregator that stays away is one line, not one for each attempt.
        var complaint: String?
        while mayGoOn {
            var pause: Duration?
            var held: Deadline?
            let end = attempt(counters) {
                complaint = nil
                held = .after(settings.times.held)
                hasFailed.store(false, ordering: .releasing)
            }
            if let held, held.hasPassed { backoff.succeeded() }
            switch end {
            case .finished: return
            case .refused(let reject):
                counters.change { $0.rejects[reject.code, default: 0] += 1 }
                if reject.code == .shuttingDown {
                    if complaint != reject.reason {
                        settings.log.info(
                            "the aggregator ends; connecting again", ("aggregator", "\(address)"),
                            ("reason", reject.reason))
                    }
                    // Its successor may be elsewhere.
                    lookAgain()
                    backoff.spread()
                } else if complaint != reject.reason {
                    settings.log.error(
                        "the aggregator refuses this agent", ("aggregator", "\(address)"),
                        ("code", "\(reject.code)"), ("reason", reject.reason))
                }
                complaint = reject.reason
                if reject.isForAPerson { pause = settings.times.afterRefusal * Double.random(in: 0.5..<1) }
            case .failed(let reason):
                counters.change { $0.failures += 1 }
                if complaint != reason, mayGoOn {
                    settings.log.warning(
                        "no session; trying again", ("aggregator", "\(address)"), ("reason", reason))
                }
                complaint = reason
                lookAgain()
            }
            signal.wait(until: .after(pause ?? backoff.next())) { mayGoOn }
        }
    }

    private func lookAgain() {
        hasFailed.store(true, ordering: .releasing)
        failure?.raise()
    }

    private func attempt(_ counters: PushCounters, welcomed: () -> Void) -> PushSession.End {
        counters.change { $0.attempts += 1 }
        var isOpen = false
        defer { if isOpen { counters.change { $0.open -= 1 } } }
        do throws(PushSession.End) {
            let session = try PushSession(
                address: address, serverName: serverName, settings: settings, feed: feed, signal: signal,
                counters: counters)
            return session.run {
                isOpen = true
                counters.change { figures in
                    figures.sessions += 1
                    figures.open += 1
                }
                welcomed()
            }
        } catch {
            return error
        }
    }
}

extension Reject {
    /// Whether trying again soon is of no use: somebody has to change something first.
    package var isForAPerson: Bool {
        switch code {
        case .shuttingDown, .overloaded: false
        case .unspecified, .protocol, .unauthenticated, .wrongNode, .duplicateNode: true
        }
    }
}
