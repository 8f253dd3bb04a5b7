// SPDX-License-Identifier: Apache-2.0
import CKernel
import MetricsAPI
import Testing
import Wire

@testable import Aggregator

/// In processes of their own: the heap is the whole process', and other tests use it. The figures are in ARCHITECTURE.md.
@Suite("What containers and pods cost in memory")
struct MemoryTests {
    @Test("a container takes at most 300 bytes, its share of node and pod included")
    func containers() async {
        await #expect(processExitsWith: .success) {
            let store = SampleStore()
            let frames = try (0..<Crowd.nodes).map { number in
                var node = Crowd.Node(number: number)
                return try (0..<8).map { try node.frame($0) }
            }
            let before = CKernel_heap_bytes()
            for (number, frames) in frames.enumerated() {
                let session = Crowd.open(number, in: store)
                for batch in try Crowd.batches(frames) { _ = session.apply(batch, now: .now, unixMicroseconds: 0) }
            }
            let bytes = (CKernel_heap_bytes() - before) / Crowd.containers
            #expect(store.records.reduce(0) { $0 + $1.containerCount } == Crowd.containers)
            #expect((150...300).contains(bytes))
        }
    }

    @Test("sweeps of the same containers allocate nothing that is kept")
    func steady() async {
        await #expect(processExitsWith: .success) {
            let store = SampleStore()
            var node = Crowd.Node(number: 0)
            let session = Crowd.open(0, in: store)
            let batches = try Crowd.batches(try (0..<200).map { try node.frame($0) })
            for batch in batches.prefix(8) { _ = session.apply(batch, now: .now, unixMicroseconds: 0) }
            // The process's other threads come and go meanwhile, with what they hold; what a sweep keeps shows each time.
            let isSteady = (0..<6).contains { round in
                let before = CKernel_heap_bytes()
                for batch in batches[(8 + round * 32)..<(40 + round * 32)] {
                    _ = session.apply(batch, now: .now, unixMicroseconds: 0)
                }
                return before > 0 && CKernel_heap_bytes() == before
            }
            #expect(isSteady)
            #expect(session.record.containerCount == 60)
        }
    }

    @Test("a pod in the directory takes at most 400 bytes, its name and its share of labels included")
    func pods() async {
        await #expect(processExitsWith: .success) {
            let directory = ClusterDirectory()
            // What a first use of anything allocates for good.
            directory.replacePods([Crowd.pod(0)])
            let before = CKernel_heap_bytes()
            directory.replacePods((0..<Crowd.pods).map(Crowd.pod))
            let bytes = (CKernel_heap_bytes() - before) / Crowd.pods
            #expect(directory.podCount == Crowd.pods)
            #expect((100...400).contains(bytes))
        }
    }
}

/// 100 nodes with 30 pods of two containers each, called as in a cluster.
private enum Crowd {
    static let nodes = 100
    static let pods = nodes * 30
    static let containers = pods * 2

    struct Node {
        let number: Int
        private var simulated = SimulatedNode()

        init(number: Int) {
            self.number = number
            (simulated.cpuSeconds, simulated.memoryKiB) = (0, 1)
        }

        mutating func frame(_ sweep: Int) throws -> EncodedFrame {
            let time = 1_000 + 5 * Double(sweep)
            return try simulated.frame(at: time) { [number] encoder in
                for slot in 0..<60 {
                    let pod = number * 30 + slot / 2
                    encoder.container(
                        slot,
                        .app(
                            slot % 2 == 0 ? "app" : "istio-proxy-sidecar", pod: Crowd.name(pod),
                            namespace: Crowd.namespace(pod), uid: Crowd.uid(pod),
                            id: Crowd.digits(pod * 2 + slot % 2, 64), startedAt: 10, generation: UInt64(slot)),
                        at: time, cpuSeconds: time * Double(slot), memoryKiB: UInt64(slot))
                }
            }
        }
    }

    static func open(_ number: Int, in store: SampleStore) -> StoreSession {
        store.open(
            node: "worker-\(number)", facts: SampleStoreTests.facts(interval: .seconds(5)), now: .now)
    }

    /// As a new session gives them to the store.
    static func batches(_ frames: [EncodedFrame]) throws -> [SampleBatch] {
        var decoder = AgentFrameDecoder()
        return try frames.map { frame in
            var batch = SampleBatch()
            _ = try decoder.decode(body: Array(frame.bytes.dropFirst(FrameHeader.byteCount)), into: &batch)
            return batch
        }
    }

    /// Ten pods to a deployment, six deployments to a namespace.
    static func pod(_ number: Int) -> ClusterPod {
        ClusterPod(
            namespace: namespace(number), name: name(number), uid: uid(number),
            labels: Labels([
                "app.kubernetes.io/name": "checkout-\(number / 10)", "app.kubernetes.io/part-of": "shop",
                "pod-template-hash": digits(number / 10, 10), "tier": "back",
            ]))
    }

    static func namespace(_ pod: Int) -> String { "team-\(pod / 60)-production" }
    static func name(_ pod: Int) -> String { "checkout-\(pod / 10)-\(digits(pod / 10, 10))-\(digits(pod, 5))" }
    static func uid(_ pod: Int) -> String { PodUID.uuid(UInt64(pod) << 40 | 0x4000, 1 << 63 | UInt64(pod)).text }

    static func digits(_ number: Int, _ count: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: count - digits.utf8.count) + digits
    }
}
