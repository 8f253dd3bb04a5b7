// SPDX-License-Identifier: Apache-2.0
import Console
import TLS
import TLSTestSupport
import Testing
import Wire

@testable import NodeAgent

@Suite("The replicas behind the aggregator's name")
struct AddressesTests {
    /// A name whose addresses a test sets.
    private final class Name: Sendable {
        struct Unknown: Error, CustomStringConvertible {
            let description = "the name 'aggregator' does not resolve: Name or service not known"
        }

        let addresses: Watched<[SocketAddress]?>
        let lookUps = Watched(0)

        init(_ addresses: [SocketAddress]?) { self.addresses = Watched(addresses) }

        var resolve: PusherGroup.Resolve {
            { [self] _ in
                lookUps.change { $0 += 1 }
                guard let found = addresses.now else { throw Unknown() }
                return found
            }
        }

        func set(_ addresses: [SocketAddress]?) { self.addresses.change { $0 = addresses } }

        /// Waits until the name was looked up `count` times from now on, and what came of all but the last was done.
        func lookedUp(_ count: Int) throws {
            let goal = lookUps.now + count
            try lookUps.wait(until: "\(goal) look-ups") { $0 >= goal }
        }
    }

    private func rig(_ adjust: (inout PushTimes) -> Void = { _ in }) throws -> PushRig {
        try PushRig { times in
            times.resolve = .milliseconds(5)
            times.resolveRetry = .milliseconds(5)
            adjust(&times)
        }
    }

    @Test("each address has one session, also when the resolver names it twice")
    func each() throws {
        let replicas = try (0..<3).map { _ in try FakeAggregator() }
        let name = Name(replicas.map(\.address) + replicas.map(\.address))
        let rig = try rig()
        defer { rig.end() }
        try rig.publish(1)
        _ = try rig.group(resolve: name.resolve)
        for replica in replicas { try replica.batches(1) }
        try name.lookedUp(3)
        #expect(replicas.map { $0.sessions.now.count } == [1, 1, 1])
    }

    @Test("without --server-name the certificate must be for the host that was looked up")
    func hostName() throws {
        let replica = try FakeAggregator()
        for (host, isRight) in [("localhost", true), ("127.0.0.1", true), ("aggregator.svc", false)] {
            let rig = try PushRig(serverName: nil)
            defer { rig.end() }
            let address = replica.address
            _ = try rig.group(Endpoint(host: host, port: address.port)) { _ in [address] }
            try rig.collected.line(with: isRight ? "session open" : "hostname mismatch", "(\(host))")
        }
    }

    @Test("a session that ends has the name looked up soon: a replica that was replaced has another address")
    func replaced() throws {
        let old = try FakeAggregator { session in
            try session.welcome()
            try session.hear()
        }
        let new = try FakeAggregator()
        let name = Name([old.address])
        let rig = try rig { times in times.resolve = .seconds(3600) }
        defer { rig.end() }
        try rig.publish(1)
        _ = try rig.group(resolve: name.resolve)
        // Its address was certainly read by then, not only asked for.
        try old.sessions.wait(until: "a session with the old one") { !$0.isEmpty }
        name.set([new.address])
        try new.batches(1)
        #expect(name.lookUps.now >= 2)
    }

    @Test("an address that appears gets a session; one that goes keeps its session until the aggregator ends it")
    func change() throws {
        let close = Watched(false)
        let old = try FakeAggregator { session in
            try session.welcome()
            try session.hear()
            try session.hear()
            try close.wait(until: "permission to close") { $0 }
        }
        let new = try FakeAggregator()
        let name = Name([old.address])
        let rig = try rig()
        defer { rig.end() }
        try rig.publish(1)
        _ = try rig.group(resolve: name.resolve)
        try old.batches(1)
        name.set([new.address])
        try new.batches(1)
        try rig.collected.line(with: "address is gone", "address=\(old.address)", "aggregator=localhost:4444")
        try rig.publish(2)
        try old.batches(2)
        close.change { $0 = true }
        try old.session(with: "its end") { $0.end }
        try name.lookedUp(3)
        #expect(old.sessions.now.count == 1, "it is not to be connected to again")
        #expect(rig.collected.count("address is gone") == 1)
    }

    @Test("an address that comes back is connected to again")
    func comesBack() throws {
        let replica = try FakeAggregator { session in
            try session.welcome()
            try session.hear()
        }
        let name = Name([replica.address])
        let rig = try rig()
        defer { rig.end() }
        _ = try rig.group(resolve: name.resolve)
        try rig.collected.line(with: "session open")
        name.set([])
        try rig.collected.line(with: "address is gone")
        try rig.publish(1)
        try replica.session(with: "its end") { $0.end }
        name.set([replica.address])
        try replica.connections(2)
    }

    @Test("a look-up that fails is logged once and tried again until it works")
    func fails() throws {
        let replica = try FakeAggregator()
        let name = Name(nil)
        let rig = try rig()
        defer { rig.end() }
        _ = try rig.group(resolve: name.resolve)
        try name.lookedUp(4)
        #expect(rig.collected.count("cannot reach out to the aggregator") == 1)
        try rig.collected.line(with: "aggregator=localhost:4444", "the name 'aggregator' does not resolve")
        name.set([replica.address])
        try replica.connections(1)
    }

    @Test("a look-up that fails later ends no session, and is logged again after one that worked")
    func failsLater() throws {
        let replica = try FakeAggregator()
        let name = Name(nil)
        let rig = try rig()
        defer { rig.end() }
        _ = try rig.group(resolve: name.resolve)
        try rig.collected.line(with: "cannot reach out")
        name.set([replica.address])
        try rig.collected.line(with: "session open")
        name.set(nil)
        try rig.collected.lines.wait(until: "second complaint") { $0.count { $0.contains("cannot reach out") } == 2 }
        try rig.publish(1)
        try replica.batches(1)
        #expect(rig.collected.count("address is gone") == 0)
    }

    @Test("of more addresses than an aggregator has replicas the first ones are taken, the log says so, and they stay")
    func tooMany() throws {
        let port = LoopbackServer.closedPort()
        let all = try (2..<22).map { try #require(SocketAddress(ipLiteral: "127.0.0.\($0)", port: port)) }
        let name = Name(all)
        let rig = try rig()
        defer { rig.end() }
        _ = try rig.group(resolve: name.resolve)
        func tried() -> Int { all.count { rig.collected.count("aggregator=\($0) ") > 0 } }
        try rig.collected.lines.wait(until: "16 attempts") { $0.count { $0.contains("no session") } >= 16 }
        // As resolvers do it: another order each time.
        for shift in 1..<8 {
            name.set(Array(all[shift...] + all[..<shift]))
            try name.lookedUp(2)
        }
        #expect(tried() == PusherGroup.mostAddresses)
        #expect(rig.collected.count("address is gone") == 0)
        #expect(rig.collected.count("20 addresses") == 1)
        try rig.collected.line(with: "level=warning", "aggregator=localhost:4444", "only 16")
    }

    @Test("the end: every session says goodbye before the group is done, also one whose address is gone")
    func end() throws {
        let mayEnd = Watched(false)
        let gone = try FakeAggregator { session in
            try session.welcome()
            while try session.hear() != .goodbye {}
            try mayEnd.wait(until: "permission to end") { $0 }
            try session.listen()
        }
        let others = try (0..<3).map { _ in try FakeAggregator() }
        let name = Name([gone.address] + others.map(\.address))
        let rig = try rig { $0.goodbye = .seconds(60) }
        try rig.publish(1)
        let running = try rig.group(resolve: name.resolve)
        for replica in others + [gone] { try replica.batches(1) }
        name.set(others.map(\.address))
        try rig.collected.line(with: "address is gone")
        try rig.publish(2)
        rig.end()
        for replica in others { try replica.session(with: "its end") { $0.end } }
        #expect(throws: Watched<Bool?>.TimedOut.self) { try running.end(within: .milliseconds(100)) }
        mayEnd.change { $0 = true }
        _ = try running.end(within: .seconds(20))
        try gone.session(with: "its end") { $0.end }
        for replica in others + [gone] {
            #expect(replica.sessions.now.first?.batches.map(\.sequence) == [1, 2])
            #expect(replica.sessions.now.first?.heard.last == .goodbye)
        }
    }

    @Test("a replica that is stuck delays no other: each frame reaches the healthy one on time")
    func stuckReplica() throws {
        let stuck = try FakeAggregator { session in
            try session.welcome()
            session.freeze()
        }
        let healthy = try FakeAggregator()
        let rig = try rig {
            $0.write = .seconds(60)
            $0.goodbye = .milliseconds(100)
        }
        defer { rig.end() }
        try rig.publishHuge(1)
        let addresses = [stuck.address, healthy.address]
        _ = try rig.group { _ in addresses }
        try stuck.session(with: "a Hello") { $0.hello }
        try healthy.batches(1)
        for time: UInt64 in 2...20 {
            // Far below the write deadline of the stuck one, far above what a busy machine needs.
            let limit = Deadline.after(.seconds(5))
            try rig.publish(time)
            try healthy.batches(Int(time))
            #expect(!limit.hasPassed)
        }
        #expect(try healthy.batches(20).map(\.isComplete) == [true] + Array(repeating: false, count: 19))
        #expect(stuck.sessions.now.first?.batches.isEmpty == true)
        #expect(rig.collected.count("no session") == 0, "the other session should still be stuck")
    }
}
