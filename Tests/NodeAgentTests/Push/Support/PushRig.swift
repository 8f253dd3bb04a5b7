// SPDX-License-Identifier: Apache-2.0
import Console
import TLS
import TLSTestSupport
import Wire

@testable import NodeAgent

/// The push side of an agent in a test, without its sampler.
struct PushRig: Sendable {
    let feed = FrameFeed()
    let collected = CollectedLog()
    var settings: PushSettings

    /// - Parameter adjust: the waits that the test is about. The others stay as they are or get longer, so that they do not
    ///   come in between, but for the backoff, which starts at a millisecond.
    init(
        context: TLSContext? = nil, serverName: String? = "localhost", token: CredentialFile? = nil,
        interval: Duration = .milliseconds(10), _ adjust: (inout PushTimes) -> Void = { _ in }
    ) throws {
        let context = try context ?? TestPKI.shared.clientContext(alpn: [PushProtocol.alpn])
        settings = PushSettings(
            context: { context }, serverName: serverName, credential: token,
            hello: Hello(
                nodeName: "node-a", bootID: "0f3a7c1e-1b2c-4d5e-8f90-123456789abc", agentVersion: "1.2.3",
                intervalMilliseconds: 1000, credential: "", capacityMillicores: 4000,
                capacityMemoryBytes: 8 << 30, cgroupMode: .v2),
            interval: interval, log: collected.log)
        // Longer than a test waits for anything: what only one of these timers brings about does not count.
        for time in [\PushTimes.credential, \.resolve, \.afterRefusal, \.connect] {
            settings.times[keyPath: time] = .seconds(3600)
        }
        settings.times.firstPause = .milliseconds(1)
        // It would give back the code pages of all tests' process.
        settings.settled = {}
        adjust(&settings.times)
    }

    /// Ends whatever still runs.
    func end() { feed.finish() }

    /// A sweep of containers, as many as are asked for.
    func publish(_ time: UInt64, containers: Int = 2) throws {
        try feed.publish { $0.sweep(time: time, containers: containers) }
    }

    /// A thread of the agent's that ends on its own, at the latest when the test calls ``end()``.
    final class Running<Result: Sendable>: Sendable {
        let result = Watched<Result?>(nil)

        init(_ body: @escaping @Sendable () -> Result) throws {
            let thread = try WorkerThread(name: "test") { [result] in
                let value = body()
                result.change { $0 = value }
            }
            thread.detach()
        }

        func end(within limit: Duration = .seconds(10)) throws -> Result {
            try result.wait(for: "end of the agent's thread", within: limit) { $0 }
        }
    }

    /// Runs one session.
    func session(to address: SocketAddress) throws -> Running<PushSession.End> {
        let signal = try EventSignal()
        feed.add(listener: signal)
        return try Running { [self] in
            defer { feed.remove(listener: signal) }
            do throws(PushSession.End) {
                let session = try PushSession(
                    address: address, serverName: settings.serverName ?? "localhost", settings: settings, feed: feed,
                    signal: signal)
                return session.run {}
            } catch {
                return error
            }
        }
    }

    func pusher(to address: SocketAddress) throws -> (pusher: Pusher, running: Running<Bool>) {
        let pusher = try Pusher(
            address: address, serverName: settings.serverName ?? "localhost", settings: settings, feed: feed)
        return (
            pusher,
            try Running {
                pusher.run()
                return true
            }
        )
    }

    func group(
        _ endpoint: Endpoint = Endpoint(host: "localhost", port: 4444), resolve: @escaping PusherGroup.Resolve
    ) throws -> Running<Bool> {
        let group = try PusherGroup(endpoint: endpoint, settings: settings, feed: feed, resolve: resolve)
        return try Running {
            group.run()
            return true
        }
    }
}

extension PushSession.End {
    /// Why a session failed; nil for the other ends.
    var failure: String? {
        if case .failed(let reason) = self { reason } else { nil }
    }
}
