// SPDX-License-Identifier: Apache-2.0
import Wire

@testable import Aggregator

/// A node whose sweeps a test makes up, with the agent's encoder and a session's decoder in between.
///
/// Times are seconds since its boot, which was at `bootUnix`.
struct SimulatedNode {
    static let bootUnix: Int64 = 1_700_000_000
    private var encoder = SampleEncoder()
    private var decoder = AgentFrameDecoder()
    /// How far its wall clock is ahead of ours, s.
    var clockAhead: Int64 = 0
    var cpuSeconds: Double?
    var memoryKiB: UInt64?

    /// The next frame: the first is complete, the others are differences.
    mutating func frame(
        at seconds: Double, _ fill: (inout SampleEncoder) -> Void = { _ in }
    ) throws -> EncodedFrame {
        encoder.begin(
            bootTimeMicroseconds: UInt64(seconds: seconds),
            realTimeMicroseconds: Int64(UInt64(seconds: seconds)) + (Self.bootUnix + clockAhead) * 1_000_000,
            node: NodeCounters(
                timeMicroseconds: UInt64(seconds: seconds), cpuMicroseconds: cpuSeconds.map { UInt64(seconds: $0) },
                memoryKiB: memoryKiB))
        fill(&encoder)
        return try encoder.finish()
    }

    /// The same, as a session's decoder gives it to the store.
    mutating func batch(
        at seconds: Double, _ fill: (inout SampleEncoder) -> Void = { _ in }
    ) throws -> SampleBatch {
        try decoded(try frame(at: seconds, fill))
    }

    /// What a new session begins with: the last sweep, complete, with the points of the one before.
    mutating func reconnect() throws -> SampleBatch {
        decoder = AgentFrameDecoder()
        return try decoded(try snapshot())
    }

    func snapshot() throws -> EncodedFrame { try encoder.snapshot() }

    private mutating func decoded(_ frame: EncodedFrame) throws -> SampleBatch {
        var batch = SampleBatch()
        let event = try decoder.decode(body: Array(frame.bytes.dropFirst(FrameHeader.byteCount)), into: &batch)
        guard event == .samples else { throw Unexpected(event: event) }
        return batch
    }

    struct Unexpected: Error {
        let event: AgentEvent
    }
}

extension SampleEncoder {
    /// A container as it was read `at` seconds after the boot.
    mutating func container(
        _ slot: Int, _ identity: ContainerIdentity, at seconds: Double, cpuSeconds: Double?, memoryKiB: UInt64?
    ) {
        add(slot: slot, identity: identity)
        record(
            slot: slot, timeMicroseconds: UInt64(seconds: seconds),
            cpuMicroseconds: cpuSeconds.map(UInt64.init(seconds:)),
            memoryKiB: memoryKiB)
    }
}

extension ContainerIdentity {
    /// Container `app` of pod `web` in `shop`, unless said otherwise.
    /// - Parameter startedAt: seconds after the boot, on the node's own wall clock if that is `ahead` of ours.
    static func app(
        _ container: String = "app", pod: String = "web", namespace: String = "shop", uid: String = "uid-web",
        id: String = "c1", startedAt: Double? = nil, ahead: Int64 = 0, born: Bool = false, generation: UInt64 = 0
    ) -> ContainerIdentity {
        ContainerIdentity(
            podUID: uid, containerID: id, namespace: namespace, pod: pod, container: container,
            startTimeMicroseconds: startedAt.map {
                Int64(UInt64(seconds: $0)) + (SimulatedNode.bootUnix + ahead) * 1_000_000
            },
            born: born, generation: generation)
    }
}

extension UInt64 {
    /// Microseconds.
    init(seconds: Double) { self = UInt64((seconds * 1e6).rounded()) }
}
