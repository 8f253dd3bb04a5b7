// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Swarm

@Suite("What the simulated nodes report")
struct LoadTests {
    private let interval: UInt64 = 5_000_000
    private let names: NameScheme

    init() throws {
        names = try NameScheme(
            node: NameScheme.defaultNode, namespace: NameScheme.defaultNamespace, pod: NameScheme.defaultPod)
    }

    private func shape(
        pods: Int = 30, containers: Int = 2, churn: Double = 0, unit: ChurnUnit = .pods, seed: UInt64 = 1
    ) -> NodeShape {
        NodeShape(pods: pods, containersPerPod: containers, churn: churn, churnUnit: unit, seed: seed)
    }

    /// The frames of a node's first sweeps.
    private func frames(_ node: inout SimulatedNode, sweeps: Int) throws -> [EncodedFrame] {
        try (1...sweeps).map { sweep in
            try node.sweep(
                bootTimeMicroseconds: UInt64(sweep) * interval,
                realTimeMicroseconds: 1_790_000_000_000_000 + Int64(UInt64(sweep) * interval),
                usualMicroseconds: interval, names: names)
        }
    }

    /// What an aggregator makes of frames: the batch after each.
    private func decode(_ frames: [EncodedFrame], _ look: (borrowing SampleBatch) -> Void) throws {
        var decoder = AgentFrameDecoder()
        var batch = SampleBatch()
        for frame in frames {
            let body = Array(frame.bytes.dropFirst(FrameHeader.byteCount))
            #expect(try decoder.decode(body: body, into: &batch) == .samples)
            look(batch)
        }
    }

    @Test("The same seed gives the same frames, another one or another node gives others")
    func determinism() throws {
        func bytes(_ index: Int, seed: UInt64) throws -> [[UInt8]] {
            var node = SimulatedNode(index: index, shape: shape(churn: 0.5, seed: seed))
            return try frames(&node, sweeps: 20).map(\.bytes)
        }
        let first = try bytes(3, seed: 9)
        #expect(try bytes(3, seed: 9) == first)
        #expect(try bytes(3, seed: 10) != first)
        #expect(try bytes(4, seed: 9) != first)
    }

    @Test("A frame has a sample of every container")
    func complete() throws {
        var node = SimulatedNode(index: 0, shape: shape(churn: 1))
        let frames = try frames(&node, sweeps: 10)
        #expect(frames.map(\.isComplete) == [true] + Array(repeating: false, count: 9))
        try decode(frames) { #expect($0.points.count == 60) }
    }

    @Test("CPU is log-normal: half of the busy ones above 15 mCPU, a tenth above 190, some idle, none above 8 cores")
    func cpu() throws {
        var rates: [Double] = []
        for index in 0..<40 {
            var node = SimulatedNode(index: index, shape: shape(pods: 50))
            var last: [UInt64] = []
            try decode(try frames(&node, sweeps: 2)) { batch in
                let now = batch.points.map { $0.cpuMicroseconds ?? 0 }
                if !last.isEmpty { rates += zip(now, last).map { Double($0 - $1) / Double(interval) } }
                last = now
            }
        }
        #expect(rates.count == 4_000)
        let busy = rates.filter { $0 > 0 }
        // One in twelve idles by the load's own dice; the smallest rates round to nothing, too.
        #expect((0.85...0.95).contains(Double(busy.count) / 4_000))
        #expect((0.45...0.58).contains(Double(busy.count { $0 > 0.015 }) / Double(busy.count)))
        // Φ(ln(0.19 / 0.015) / 2) is 0.898.
        #expect((0.07...0.14).contains(Double(busy.count { $0 > 0.19 }) / Double(busy.count)))
        #expect(rates.allSatisfy { $0 <= 8 * 1.5 })
    }

    @Test("Memory moves slowly: more than a third stays as it is, what moves does so by little")
    func memory() throws {
        var same = 0
        var small = 0
        var all = 0
        var node = SimulatedNode(index: 5, shape: shape(pods: 100))
        var last: [UInt64] = []
        try decode(try frames(&node, sweeps: 20)) { batch in
            let now = batch.points.map { $0.memoryKiB ?? 0 }
            for (now, last) in zip(now, last) {
                all += 1
                if now == last { same += 1 }
                if max(now, last) - min(now, last) < 4_096 { small += 1 }
            }
            last = now
        }
        #expect((0.35...0.45).contains(Double(same) / Double(all)))
        #expect(Double(small) / Double(all) > 0.95)
    }

    @Test("The share asked for is replaced a minute, by pods or by containers", arguments: ChurnUnit.allCases)
    func churn(unit: ChurnUnit) throws {
        var replaced = 0
        let sweeps = 12 * 5 + 1
        for index in 0..<60 {
            var node = SimulatedNode(index: index, shape: shape(churn: 0.02, unit: unit))
            _ = try frames(&node, sweeps: sweeps)
            replaced += node.replacements
        }
        // 2 % of 3,600 a minute, for 5 minutes: 360; two standard deviations of pairs are 54, and these seeds are fixed.
        #expect((300...420).contains(replaced))
        var still = SimulatedNode(index: 0, shape: shape(churn: 0, unit: unit))
        _ = try frames(&still, sweeps: sweeps)
        #expect(still.replacements == 0)
    }

    @Test("A replaced pod is another pod, its containers are born and count from zero")
    func replacedPods() throws {
        var node = SimulatedNode(index: 7, shape: shape(churn: 1))
        var known: Set<String> = []
        var births = 0
        var sweep = 0
        try decode(try frames(&node, sweeps: 40)) { batch in
            for entry in batch.added {
                #expect(known.insert(entry.identity.containerID).inserted)
                #expect(entry.identity.born == (sweep > 0))
                if entry.identity.born { births += 1 }
            }
            sweep += 1
        }
        #expect(births == node.replacements && births > 0)
    }

    @Test("Who is told of replaced pods is told of exactly those that a frame brings", arguments: ChurnUnit.allCases)
    func toldReplaced(unit: ChurnUnit) throws {
        var node = SimulatedNode(index: 7, shape: shape(churn: 1, unit: unit))
        var frames: [EncodedFrame] = []
        var told: [[Substring]] = []
        for sweep in 1...40 {
            frames.append(
                try node.sweep(
                    bootTimeMicroseconds: UInt64(sweep) * interval, realTimeMicroseconds: 1_790_000_000_000_000,
                    usualMicroseconds: interval, names: names))
            let lines = node.replacedPods.map {
                ReplacedPods.line(pod: $0.pod, generation: $0.generation, node: 7, names)
            }
            told += lines.joined().split(separator: "\n").map { $0.split(separator: "\t") }
        }
        var pods: [String: String] = [:]
        var born: Set<String> = []
        try decode(frames) { batch in
            for entry in batch.added {
                let identity = entry.identity
                pods[identity.podUID] = "\(identity.namespace)/\(identity.pod)"
                if identity.born, unit == .pods { born.insert(identity.podUID) }
            }
        }
        #expect(Set(told.map { String($0[5]) }) == born && told.count == born.count)
        #expect(born.isEmpty == (unit == .containers))
        for words in told {
            #expect(words.count == 6 && words[0] == "swarm-7")
            #expect(pods[String(words[3])] == "\(words[1])/\(words[2])")
            #expect(pods[String(words[5])] == "\(words[1])/\(words[4])")
        }
    }

    @Test("A replaced container stays in its pod")
    func replacedContainers() throws {
        var node = SimulatedNode(index: 7, shape: shape(churn: 1, unit: .containers))
        var pods: Set<String> = []
        var containers: Set<String> = []
        try decode(try frames(&node, sweeps: 40)) { batch in
            for entry in batch.added {
                pods.insert(entry.identity.podUID)
                #expect(containers.insert(entry.identity.containerID).inserted)
            }
        }
        #expect(pods.count == 30 && containers.count > 60)
    }

    @Test("Nodes differ in their pods' uids, names and containers")
    func unique() throws {
        var seen: Set<String> = []
        for index in 0..<20 {
            var node = SimulatedNode(index: index, shape: shape())
            var pods: Set<String> = []
            try decode(try frames(&node, sweeps: 1)) { batch in
                for entry in batch.added {
                    let identity = entry.identity
                    #expect(seen.insert(identity.containerID).inserted)
                    #expect(identity.containerID.utf8.count == 64 && identity.podUID.utf8.count == 36)
                    pods.insert("\(identity.podUID) \(identity.namespace)/\(identity.pod)")
                }
            }
            #expect(pods.count == 30)
            for pod in pods { #expect(seen.insert(pod).inserted) }
        }
    }
}
