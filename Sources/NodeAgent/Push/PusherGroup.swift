// SPDX-License-Identifier: Apache-2.0
import Console
import TLS

/// The pushers of one `--aggregator` name: one for each address that it resolves to, looked up again and again, since
/// replicas come and go.
final class PusherGroup: Sendable {
    /// More addresses than any aggregator has replicas: the name is wrong.
    static let mostAddresses = 16

    private let endpoint: Endpoint
    private let settings: PushSettings
    private let feed: FrameFeed
    private let signal: EventSignal
    private let resolve: Resolve

    /// May block for as long as the resolver likes.
    typealias Resolve = @Sendable (Endpoint) throws -> [SocketAddress]

    init(
        endpoint: Endpoint, settings: PushSettings, feed: FrameFeed,
        resolve: @escaping Resolve = { try SocketAddress.resolve(host: $0.host, port: $0.port) }
    ) throws(SystemFailure) {
        self.resolve = resolve
        self.endpoint = endpoint
        self.settings = settings
        self.feed = feed
        signal = try EventSignal()
    }

    private struct Member {
        let pusher: Pusher
        let thread: ThreadBox
    }

    private struct Members {
        var current: [SocketAddress: Member] = [:]
        /// Their address is gone; their session, if they still have one, goes on until the aggregator ends it.
        var leaving: [Member] = []

        var areFailing: Bool { current.values.contains { $0.pusher.isFailing } }
    }

    /// What is to be logged when it changes.
    private struct Problem: Equatable {
        let text: String
        let reason: String
    }

    /// Runs until the feed is finished and every session has said goodbye, or had its time to. Has a thread of its own
    /// because a look-up can block for as long as the resolver likes.
    func run() {
        feed.add(listener: signal)
        defer { feed.remove(listener: signal) }
        var members = Members()
        var complaint: Problem?
        /// Grows from `resolveRetry` to `resolve` while nothing happens.
        var calm = settings.times.resolveRetry
        while !feed.isFinished {
            let before = Set(members.current.keys)
            var pause = settings.times.resolve
            var problem: Problem?
            do {
                problem = try update(&members)
            } catch {
                pause = settings.times.resolveRetry
                problem = Problem(text: "cannot reach out to the aggregator", reason: "\(error)")
            }
            if let problem, problem != complaint {
                settings.log.warning(
                    problem.text, ("aggregator", "\(endpoint)"), ("reason", problem.reason))
            }
            complaint = problem
            if Set(members.current.keys) != before { calm = settings.times.resolveRetry }
            let wereFailing = members.areFailing
            signal.wait(until: .after(min(pause, calm))) {
                !feed.isFinished && (wereFailing || !members.areFailing)
            }
            calm = min(calm * 2, settings.times.resolve)
            if !wereFailing, members.areFailing {
                calm = settings.times.resolveRetry
                // All agents have lost the same replica.
                signal.wait(until: .after(calm * Double.random(in: 0..<1))) { !feed.isFinished }
            }
        }
        let deadline = Deadline.after(settings.times.goodbye)
        for member in members.leaving + members.current.values where !member.thread.join(by: deadline) {
            // Stuck with its peer in a connect or a write whose own deadline is further away.
            member.thread.leaveToProcess()
        }
    }

    /// - Returns: what is wrong with the answer, although it can be used.
    private func update(_ members: inout Members) throws -> Problem? {
        let addresses = try resolve(endpoint)
        let found = Set(addresses)
        for (address, member) in members.current where !found.contains(address) {
            member.pusher.stop()
            members.leaving.append(member)
            members.current[address] = nil
            settings.log.info("address is gone", ("aggregator", "\(endpoint)"), ("address", "\(address)"))
        }
        members.leaving.removeAll { $0.thread.join(by: .after(.zero)) }
        // Those that are there stay, whatever the order: resolvers change it from answer to answer.
        for address in addresses where members.current[address] == nil {
            guard members.current.count < Self.mostAddresses else {
                return Problem(
                    text: "the aggregator has too many addresses",
                    reason:
                        "\(found.count) addresses, of which only \(Self.mostAddresses) are pushed to; is the name right?"
                )
            }
            let pusher = try Pusher(
                address: address, serverName: settings.serverName ?? endpoint.host, settings: settings,
                feed: feed, failure: signal)
            members.current[address] = Member(
                pusher: pusher, thread: ThreadBox(try WorkerThread(name: "push") { pusher.run() }))
        }
        return nil
    }
}
