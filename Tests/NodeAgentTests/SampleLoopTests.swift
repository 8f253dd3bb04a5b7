// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Glibc
import TLS
import Testing
import Wire

@testable import NodeAgent

@Suite("The sampling thread")
struct SampleLoopTests {
    /// The loop in a thread of its own, ended by a signal to that thread as a process is by one to it.
    private struct Loop {
        let feed = FrameFeed()
        let collected = CollectedLog()
        private let published: EventSignal
        private let thread = Watched<pthread_t?>(nil)
        private let running: PushRig.Running<String?>

        init(_ node: FixtureNode, interval: Duration) throws {
            let roots = node.roots
            published = try EventSignal()
            feed.add(listener: published)
            running = try PushRig.Running { [feed, collected, thread] in
                do {
                    let signals = try SignalDescriptor()
                    thread.change { $0 = pthread_self() }
                    SampleLoop(
                        sampler: try NodeSampler(roots: roots), feed: feed, interval: interval, log: collected.log,
                        signals: signals
                    ).run()
                    return nil
                } catch {
                    return "\(error)"
                }
            }
        }

        /// Waits for the newest frame to be that of the sweep with this number or a later one.
        @discardableResult
        func sweep(_ number: UInt64, within limit: Duration = .seconds(10)) throws -> EncodedFrame {
            var newest: EncodedFrame?
            published.wait(until: .after(limit)) {
                newest = try? feed.next(after: nil)
                return (newest?.sequence ?? 0) < number
            }
            let frame = try #require(
                newest, "no sweep; the thread ended with \(running.result.now ?? nil ?? "nothing")")
            try #require(frame.sequence >= number)
            return frame
        }

        func raise(_ signal: Int32 = SIGTERM) throws {
            pthread_kill(try thread.wait(for: "thread") { $0 }, signal)
        }

        /// Waits for the end of the loop.
        func end() throws {
            // Less than an interval that must not be waited for.
            let failure = try running.end(within: .seconds(30))
            #expect(failure == nil)
        }
    }

    /// A node with one container.
    private let node = FixtureNode()

    init() { node.container(id(1), cpu: 10, memory: 5) }

    private func decoded(_ frame: EncodedFrame) throws -> SampleBatch {
        var decoder = AgentFrameDecoder()
        var batch = SampleBatch()
        try #require(try decoder.decode(body: frame.body.span.bytes, into: &batch) == .samples)
        return batch
    }

    @Test("sweeps come at the interval and do not drift")
    func onTime() throws {
        let loop = try Loop(node, interval: .milliseconds(40))
        let first = try decoded(loop.sweep(1))
        let last = try decoded(loop.sweep(76, within: .seconds(60)))
        try loop.raise()
        try loop.end()
        let milliseconds = (last.bootTimeMicroseconds - first.bootTimeMicroseconds) / 1_000
        // A machine that is busy may be late, but is never early: the rest of a wait is not rounded away.
        let sweeps = last.sequence - first.sequence
        #expect(sweeps * 40 <= milliseconds + 45, "\(milliseconds) ms")
        #expect(milliseconds < sweeps * 200, "\(milliseconds) ms")
    }

    @Test("the second sweep comes after a second however long the interval is, so that there are rates")
    func second() throws {
        let loop = try Loop(node, interval: .seconds(60))
        let first = try decoded(loop.sweep(1))
        let second = try decoded(loop.sweep(2))
        #expect(second.bootTimeMicroseconds - first.bootTimeMicroseconds >= 990_000)
        #expect(second.nodeEarlier != nil)
        try loop.raise()
        try loop.end()
    }

    @Test(
        "a container that is made is sampled long before the next tick, and once more when it is old enough for a rate")
    func early() throws {
        let loop = try Loop(node, interval: .seconds(60))
        let second = try decoded(loop.sweep(2))
        node.container(id(2), cpu: 20, memory: 5)
        let third = try decoded(loop.sweep(3))
        #expect(third.added.count + third.points.count >= 1)
        #expect(third.bootTimeMicroseconds - second.bootTimeMicroseconds >= 990_000, "its link has time to come")
        let fourth = try decoded(loop.sweep(4))
        #expect(fourth.bootTimeMicroseconds - third.bootTimeMicroseconds >= 990_000)
        #expect(fourth.points.count == 2)
        try loop.raise()
        try loop.end()
    }

    @Test("there are three early sweeps between two ticks, and none right before one")
    func budget() {
        var early = EarlySweeps()
        let far = Deadline.after(.seconds(60))
        for _ in 0..<3 { #expect(early.born(nextTick: far) != nil) }
        #expect(!early.areLeft)
        #expect(early.born(nextTick: far) == nil)
        var other = EarlySweeps()
        #expect(other.born(nextTick: .after(.milliseconds(1900))) == nil)
    }

    @Test(
        "a signal ends the first wait and the later ones at once, and one last sweep is published",
        arguments: [(SIGINT, 1), (SIGTERM, 2)] as [(Int32, UInt64)])
    func signal(_ number: Int32, after sweeps: UInt64) throws {
        let loop = try Loop(node, interval: .seconds(60))
        try loop.sweep(sweeps)
        node.container(id(1), cpu: 77, memory: 5)
        try loop.raise(number)
        try loop.end()
        let last = try decoded(loop.sweep(sweeps + 1))
        #expect(last.sequence == sweeps + 1)
        #expect(last.points.map(\.cpuMicroseconds) == [77])
        #expect(loop.collected.lines.now.isEmpty)
    }

    @Test("a kubepods root that goes is logged once, and once when it is back; the node is sampled meanwhile")
    func problem() throws {
        let loop = try Loop(node, interval: .milliseconds(5))
        try loop.sweep(2)
        node.remove("cgroup/kubepods")
        let line = try loop.collected.line(with: "level=warning", "cannot read everything")
        #expect(line.contains("reason="))
        let without = try decoded(loop.sweep(loop.sweep(1).sequence + 5))
        #expect(without.points.isEmpty && without.node.cpuMicroseconds == 5_000_000)
        node.container(id(1), cpu: 20, memory: 5)
        try loop.collected.line(with: "level=info", "everything can be read again")
        try loop.sweep(loop.sweep(1).sequence + 3)
        try loop.raise()
        try loop.end()
        #expect(loop.collected.count("everything can be read again") == 1)
    }

    @Test("logs that cannot be listed are named with their flag: containers would have no names")
    func names() throws {
        node.remove("log/containers")
        let loop = try Loop(node, interval: .milliseconds(5))
        try loop.collected.line(with: "level=warning", "--log-root", "log/containers")
        try loop.sweep(5)
        try loop.raise()
        try loop.end()
        #expect(loop.collected.count("--log-root") == 1)
    }
}
