// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLS
import TLSTestSupport
import Testing
import Wire

@testable import NodeAgent

/// In a process of their own: other tests open descriptors and start threads at the same time.
@Suite("What reconnecting leaves behind")
struct LeakTests {
    private static func entries(of path: String) -> Int {
        guard let directory = opendir(path) else { return -1 }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return count
    }

    private struct Resources: Equatable {
        var descriptors = LeakTests.entries(of: "/proc/self/fd")
        var threads = LeakTests.entries(of: "/proc/self/task")

        /// Threads of the fake aggregator and of sessions that were left alone end a moment after their connections.
        static func settled(_ isSettled: (Resources) -> Bool) -> Resources {
            let deadline = Deadline.after(.seconds(30))
            var now = Resources()
            while !isSettled(now), !deadline.hasPassed {
                pause(milliseconds: 20)
                now = Resources()
            }
            return now
        }

        static var steady: Resources {
            var last = Resources()
            return settled { now in
                defer { last = now }
                return now == last
            }
        }
    }

    @Test("100 sessions with every kind of end leave no descriptor and no thread")
    func reconnects() async {
        await #expect(processExitsWith: .success) {
            let aggregator = try FakeAggregator { session in
                switch session.number % 4 {
                case 0: session.connection.reset()
                case 1: try session.hear()
                case 2:
                    try session.hear()
                    try session.say(.reject(Reject(code: .shuttingDown, reason: "no")))
                    session.outlast()
                default:
                    try session.welcome()
                    try session.hear()
                }
            }
            let rig = try PushRig {
                $0.held = .zero
                $0.span = .milliseconds(5)
            }
            defer { rig.end() }
            try rig.publish(1)
            _ = try rig.pusher(to: aggregator.address)
            // What is made once and kept: OpenSSL's tables, the runtime's threads.
            try aggregator.connections(8)
            let before = Resources.steady
            try aggregator.connections(aggregator.sessions.now.count + 100)
            rig.end()
            let after = Resources.settled { $0.descriptors <= before.descriptors && $0.threads <= before.threads }
            #expect(after.descriptors <= before.descriptors)
            #expect(after.threads <= before.threads)
        }
    }

    @Test("100 addresses that come and go leave no descriptor and no thread, nor does a pusher that was never run")
    func addresses() async {
        await #expect(processExitsWith: .success) {
            let lookUps = Watched(0)
            let port = LoopbackServer.closedPort()
            let rig = try PushRig {
                $0.resolve = .milliseconds(1)
                $0.resolveRetry = .milliseconds(1)
            }
            defer { rig.end() }
            _ = try rig.group { _ in
                var number = 0
                lookUps.change {
                    $0 += 1
                    number = $0
                }
                return [SocketAddress(ipLiteral: "127.0.0.\(2 + number % 50)", port: port)].compactMap { $0 }
            }
            try lookUps.wait(until: "10 look-ups") { $0 >= 10 }
            let before = Resources.steady
            try lookUps.wait(until: "110 look-ups") { $0 >= 110 }
            let address = try #require(SocketAddress(ipLiteral: "127.0.0.1", port: port))
            for _ in 0..<100 {
                _ = try Pusher(
                    address: address, serverName: "localhost", settings: rig.settings, feed: rig.feed)
            }
            // One pusher that is there, and one that is on its way out, more or less.
            let after = Resources.settled { $0.descriptors < before.descriptors + 8 && $0.threads < before.threads + 4 }
            #expect(after.descriptors < before.descriptors + 8)
            #expect(after.threads < before.threads + 4)
        }
    }
}
