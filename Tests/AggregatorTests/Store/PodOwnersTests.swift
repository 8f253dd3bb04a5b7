// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Synchronization
import Testing
import Wire

@testable import Aggregator

@Suite("A pod belongs to the node that reported it first")
struct PodOwnersTests {
    private final class Refusals: Sendable {
        let seen = Mutex<[String]>([])
    }

    private let refusals = Refusals()
    private let store: SampleStore

    init() {
        store = SampleStore(
            owners: PodOwners { [refusals] refusal in
                refusals.seen.withLock { $0.append("\(refusal.podUID): \(refusal.claimant), not \(refusal.owner)") }
            })
    }

    /// One agent's session.
    private struct Agent {
        let session: StoreSession
        var node = SimulatedNode()
        var time = 100.0

        init(_ store: SampleStore, _ name: String) {
            session = store.open(node: name, facts: SampleStoreTests.facts(interval: .seconds(5)), now: .now)
        }

        /// - Parameter uids: by slot.
        mutating func sweep(_ uids: [Int: String], cpuSeconds: Double, removing: [Int] = []) throws {
            time += 10
            let batch = try node.batch(at: time) { [time] encoder in
                for slot in removing { encoder.remove(slot: slot) }
                for (slot, uid) in uids {
                    encoder.container(
                        slot, .app(uid: uid, id: "id-\(uid)"), at: time, cpuSeconds: cpuSeconds, memoryKiB: 1)
                }
            }
            _ = session.apply(batch, now: .now, unixMicroseconds: Int64(time * 1e6))
        }
    }

    private func owner(_ uid: String) -> String? { store.record(ofPod: uid)?.name }

    private func millicores(_ uid: String) -> UInt64? {
        store.record(ofPod: uid)?.whileFresh(store.configuration, now: .now) { series in
            series.podFigures(uid: uid, window: store.window)?.containers[0].usage.cpuNanocores
        }.flatMap { $0 }.map { $0 / 1_000_000 }
    }

    private func expecting(_ names: String...) -> FiguresList {
        var list = FiguresList(.pods)
        for name in names { list.expect(ObjectIdentity(name: name)) }
        return list
    }

    @Test("a second claimant's figures are not taken, and that is reported once")
    func secondClaimant() throws {
        var (honest, liar) = (Agent(store, "n1"), Agent(store, "n2"))
        try honest.sweep([0: "web"], cpuSeconds: 1)
        try liar.sweep([0: "web", 1: "own"], cpuSeconds: 100)
        try honest.sweep([0: "web"], cpuSeconds: 2)
        try liar.sweep([0: "web", 1: "own"], cpuSeconds: 900)
        #expect(owner("web") == "n1" && millicores("web") == 100)
        // What is its own it may report all the same.
        #expect(owner("own") == "n2" && millicores("own") == 80_000)
        #expect(refusals.seen.withLock { $0 } == ["web: n2, not n1"])
    }

    @Test("what the first no longer reports is free for the other, which has been waiting")
    func handedOver() throws {
        var (first, second) = (Agent(store, "n1"), Agent(store, "n2"))
        try first.sweep([0: "web"], cpuSeconds: 1)
        try second.sweep([0: "web"], cpuSeconds: 10)
        try first.sweep([:], cpuSeconds: 0, removing: [0])
        #expect(owner("web") == nil)
        try second.sweep([0: "web"], cpuSeconds: 11)
        #expect(owner("web") == "n2" && millicores("web") == 100)
    }

    @Test("a node that is forgotten frees its pods")
    func forgotten() throws {
        var gone = Agent(store, "n1")
        try gone.sweep([0: "web"], cpuSeconds: 1)
        gone.session.end(now: .now)
        store.forgetStale(now: .now + .seconds(3600))
        #expect(owner("web") == nil)
    }

    @Test("a reboot frees the pods, a reconnection does not")
    func sessions() throws {
        var agent = Agent(store, "n1")
        try agent.sweep([0: "web"], cpuSeconds: 1)
        var again = Agent(store, "n1")
        #expect(owner("web") == "n1")
        try again.sweep([0: "web"], cpuSeconds: 2)
        #expect(owner("web") == "n1")
        _ = store.open(
            node: "n1", facts: SampleStoreTests.facts(interval: .seconds(5), bootID: "another"), now: .now)
        #expect(owner("web") == nil)
        #expect(refusals.seen.withLock { $0 } == [])
    }

    @Test("a complete frame keeps what it still has and frees what it has no longer")
    func completeFrame() throws {
        var agent = Agent(store, "n1")
        try agent.sweep([0: "web", 1: "db"], cpuSeconds: 1)
        var again = Agent(store, "n1")
        try again.sweep([0: "web"], cpuSeconds: 2)
        #expect(owner("web") == "n1" && owner("db") == nil)
    }

    @Test("a place that was found before its node was forgotten does not lead to another's pod")
    func stalePlace() throws {
        var gone = Agent(store, "n1")
        try gone.sweep([0: "web"], cpuSeconds: 1)
        var wanted = [WantedPod(uid: PodUID("web"))]
        var list = expecting("web")
        #expect(store.complete(&wanted, now: .now, in: &list) == [0])
        let before = wanted[0].place
        gone.session.end(now: .now)
        store.forgetStale(now: .now + .seconds(3600))
        var other = Agent(store, "n2")
        try other.sweep([0: "db"], cpuSeconds: 1)
        try other.sweep([0: "db"], cpuSeconds: 2)
        wanted.append(WantedPod(uid: PodUID("db")))
        store.owners.locate(&wanted, [1])
        #expect(wanted[1].place == before)
        list = expecting("web", "db")
        #expect(store.complete(&wanted, now: .now, in: &list) == [])
        #expect(list.podFigures.map(\.name) == ["db"])
        #expect(wanted[0].place == .nowhere)
    }

    @Test("a pod that another node reports by now is found there, and only that is told")
    func movedPlace() throws {
        var (first, second) = (Agent(store, "n1"), Agent(store, "n2"))
        for used in [1.0, 2] { try first.sweep([0: "web", 1: "db"], cpuSeconds: used) }
        var pods = ["web", "db", "none"].map { WantedPod(uid: PodUID($0)) }
        var list = expecting("web", "db", "none")
        #expect(store.complete(&pods, now: .now, in: &list) == [0, 1])
        try first.sweep([1: "db"], cpuSeconds: 3, removing: [0])
        for used in [1.0, 3] { try second.sweep([5: "web"], cpuSeconds: used) }
        list = expecting("web", "db", "none")
        #expect(store.complete(&pods, now: .now, in: &list) == [0])
        #expect(list.podFigures.map(\.name) == ["web", "db"])
        #expect(list.podFigures[0].containers[0].usage.cpuNanocores == 200_000_000)
        list = expecting("web", "db", "none")
        #expect(store.complete(&pods, now: .now, in: &list) == [])
        #expect(list.podFigures.map(\.name) == ["web", "db"])
    }
}
