// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// Nothing here expects a certain answer: only that there is one, and that a decoder keeps its promises afterwards.
@Suite("Any bytes give a value or a typed error")
struct FuzzTests {
    /// Feeds bytes to a decoder with a history and to the agent's side; checks what must hold whatever came.
    private func feed(_ body: [UInt8], _ decoder: inout CheckedDecoder, _ batch: inout SampleBatch) {
        _ = try? AggregatorMessage.decode(body: body)
        do {
            switch try decoder.decode(body: body, into: &batch) {
            case .samples:
                let slots = batch.points.map(\.slot)
                #expect(slots.count <= WireLimits.slots && zip(slots, slots.dropFirst()).allSatisfy { $0 < $1 })
                #expect(batch.added.allSatisfy { slots.contains($0.slot) })
                #expect(batch.points.allSatisfy { $0.timeMicroseconds <= WireLimits.timeMicroseconds })
                #expect(batch.points.allSatisfy { ($0.cpuMicroseconds ?? 0) <= WireLimits.cpuMicroseconds })
                #expect(batch.points.allSatisfy { ($0.memoryKiB ?? 0) <= WireLimits.memoryKiB })
                #expect(batch.isComplete || (batch.earlier.isEmpty && batch.nodeEarlier == nil))
            case .hello(let hello):
                #expect(hello.nodeName.utf8.count <= WireLimits.nodeNameBytes)
                #expect(hello.credential.utf8.count <= WireLimits.tokenBytes)
            case .credential(let token):
                #expect(token.utf8.count <= WireLimits.tokenBytes)
            case .resyncNeeded, .ignored, .goodbye:
                break
            }
        } catch {
            #expect(!error.detail.isEmpty)
        }
    }

    /// Frames that build on each other: complete, differences with and without changes, and the other messages.
    private func history(_ random: inout Generator) throws -> [[UInt8]] {
        var model = NodeModel(slotLimit: 6)
        var encoder = SampleEncoder()
        var bodies = [
            try AgentMessage.hello(MessageTests.hello).encodedFrame(), try AgentMessage.credential("t").encodedFrame(),
            try AgentMessage.goodbye.encodedFrame(),
            AggregatorMessage.welcome(Welcome(instance: "i", serverTimeMicroseconds: 1)).encodedFrame(),
            AggregatorMessage.reject(Reject(code: .wrongNode, reason: "no")).encodedFrame(),
        ].map { Array($0.dropFirst(FrameHeader.byteCount)) }
        for _ in 0..<12 {
            model.sweep(&encoder, &random)
            bodies.append(try encoder.finish().body)
        }
        bodies.append(try encoder.snapshot().body)
        return bodies
    }

    @Test("random bytes", arguments: seeds)
    func noise(seed: UInt64) {
        var random = Generator(seed: seed)
        var decoder = CheckedDecoder()
        var batch = SampleBatch()
        for _ in 0..<3_000 {
            let count = Int.random(in: 0...64, using: &random)
            feed((0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }, &decoder, &batch)
        }
    }

    @Test("mutated frames, in a session that goes on", arguments: seeds)
    func mutations(seed: UInt64) throws {
        var random = Generator(seed: seed)
        for _ in 0..<25 {
            let bodies = try history(&random)
            var decoder = CheckedDecoder()
            var batch = SampleBatch()
            for body in bodies + bodies {
                var bent = body
                for _ in 0..<Int.random(in: 0...3, using: &random) where !bent.isEmpty {
                    let index = Int.random(in: 0..<bent.count, using: &random)
                    switch Int.random(in: 0..<6, using: &random) {
                    case 0: bent[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                    case 1: bent[index] = .random(in: 0...255, using: &random)
                    case 2: bent.remove(at: index)
                    case 3: bent.insert(.random(in: 0...255, using: &random), at: index)
                    case 4: bent.insert(contentsOf: [UInt8](repeating: 0xFF, count: 9), at: index)
                    default: bent.replaceSubrange(index..., with: bodies.randomElement(using: &random) ?? [])
                    }
                }
                feed(bent, &decoder, &batch)
            }
        }
    }

    @Test("frames cut at every byte", arguments: seeds.prefix(2))
    func truncations(seed: UInt64) throws {
        var random = Generator(seed: seed)
        let bodies = try history(&random)
        var good = CheckedDecoder()
        var batch = SampleBatch()
        for body in bodies {
            for count in body.indices {
                var decoder = good
                feed(Array(body.prefix(count)), &decoder, &batch)
            }
            feed(body, &good, &batch)
        }
    }
}
