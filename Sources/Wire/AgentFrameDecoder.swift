// SPDX-License-Identifier: Apache-2.0

import CWire

/// The aggregator's side of a session: frames from the agent become events, and sweeps with absolute values.
///
/// Between frames a session holds 32 bytes per container, and nothing else of any size.
public struct AgentFrameDecoder: Sendable {
    private var state = State.fresh
    private var dictionary = SlotDictionary()

    private enum State {
        /// No complete frame yet, and none asked for: the agent's first is on its way.
        case fresh
        /// The dictionary is that of this sweep.
        case synced(UInt64)
        /// A complete frame was asked for.
        case resyncPending
    }

    public init() {}

    /// - Parameters:
    ///   - body: a frame without its header.
    ///   - batch: overwritten; valid after ``AgentEvent/samples`` only.
    /// - Throws: for bytes that no agent of this version sends. The session should be closed: it knows nothing any more.
    ///   `emptyFrame`, `frameTooLarge`, `fieldTooLarge`, `tooManySlots`, `malformed`, `invalidValue`,
    ///   `unexpectedMessage`, `outOfMemory`.
    public mutating func decode(body: RawSpan, into batch: inout SampleBatch) throws(WireError) -> AgentEvent {
        do {
            return try decodeFrame(body, into: &batch)
        } catch {
            forget(.fresh)
            throw error
        }
    }

    private mutating func decodeFrame(
        _ body: RawSpan, into batch: inout SampleBatch
    ) throws(WireError) -> AgentEvent {
        let prescan = try Prescan(body, as: .agentFrame, cap: WireLimits.agentFrameBytes)
        let arena = try Arena(
            expected: prescan.memory, limit: WireLimits.arenaBytes(frameLength: body.byteCount))
        let unpacked = unsafe body.withUnsafeBytes {
            unsafe metrics_push__v1__agent_frame__unpack(
                arena.allocator, $0.count, $0.assumingMemoryBound(to: UInt8.self).baseAddress)
        }
        guard let frame = unsafe unpacked else { throw arena.unpackError }
        switch unsafe frame.pointee.body_case {
        case METRICS_PUSH__V1__AGENT_FRAME__BODY_HELLO:
            guard let hello = unsafe frame.pointee.hello else { break }
            return .hello(try unsafe Hello(message: hello))
        case METRICS_PUSH__V1__AGENT_FRAME__BODY_SAMPLES:
            guard let samples = unsafe frame.pointee.samples else { break }
            return try unsafe apply(samples, to: &batch)
        case METRICS_PUSH__V1__AGENT_FRAME__BODY_CREDENTIAL:
            guard let credential = unsafe frame.pointee.credential else { break }
            return .credential(try unsafe String(unpacked: credential.pointee.token, "the credential"))
        case METRICS_PUSH__V1__AGENT_FRAME__BODY_GOODBYE:
            return .goodbye
        default:
            break
        }
        throw WireError(.unexpectedMessage, "the frame holds no message that an agent of this version sends")
    }

    private mutating func apply(
        _ samples: UnsafeMutablePointer<MetricsPush__V1__Samples>, to batch: inout SampleBatch
    ) throws(WireError) -> AgentEvent {
        let sequence = unsafe samples.pointee.sequence
        guard sequence > 0, sequence <= WireLimits.sequence else {
            throw WireError(.invalidValue, "\(sequence) is no number of a sweep")
        }
        if unsafe samples.pointee.complete != 0 {
            dictionary = SlotDictionary()
        } else {
            switch state {
            case .fresh:
                return doubt("a difference came before any complete frame")
            case .resyncPending:
                return .ignored
            case .synced(let last) where sequence != last + 1:
                return doubt("after sweep \(last) came sweep \(sequence)")
            case .synced:
                break
            }
        }
        batch.clear()
        if let reason = try unsafe dictionary.apply(samples, to: &batch) { return doubt(reason) }
        state = .synced(sequence)
        return .samples
    }

    private mutating func doubt(_ reason: String) -> AgentEvent {
        forget(.resyncPending)
        return .resyncNeeded(reason: reason)
    }

    private mutating func forget(_ next: State) {
        state = next
        dictionary = SlotDictionary()
    }
}
