// SPDX-License-Identifier: Apache-2.0

import CWire

/// The aggregator's side of a session: frames from the agent become events, and sweeps with absolute values.
///
/// Between frames a session holds 24 bytes per container, and nothing else of any size. Decoding a frame that changes no
/// dictionary takes no memory besides the batch's, which is reused.
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
        guard let content = try FrameContent.find(1...4, in: body, cap: WireLimits.agentFrameBytes) else {
            throw WireError(.unexpectedMessage, "the frame holds no message that an agent of this version sends")
        }
        switch content.field {
        case 1:
            return try unsafe MessageShape.hello.unpacked(
                body, content.range, by: metrics_push__v1__hello__unpack
            ) { (hello) throws(WireError) in .hello(try unsafe Hello(message: hello)) }
        case 2:
            return try decodeSamples(SamplesMessage(body, content.range), in: body, into: &batch)
        case 3:
            return try unsafe MessageShape.credential.unpacked(
                body, content.range, by: metrics_push__v1__credential__unpack
            ) { (credential) throws(WireError) in
                .credential(try unsafe String(unpacked: credential.pointee.token, "the credential"))
            }
        default:
            _ = try Prescan(body, content.range, as: .goodbye)
            return .goodbye
        }
    }

    private mutating func decodeSamples(
        _ samples: borrowing SamplesMessage, in body: RawSpan, into batch: inout SampleBatch
    ) throws(WireError) -> AgentEvent {
        batch.clear()
        try samples.readEntries(in: body, to: &batch.added)
        let event = try apply(samples, in: body, to: &batch)
        // What no agent sends ends the session, also where the columns were not read.
        if case .samples = event { return event }
        try samples.checkColumns(in: body)
        return event
    }

    private mutating func apply(
        _ samples: borrowing SamplesMessage, in body: RawSpan, to batch: inout SampleBatch
    ) throws(WireError) -> AgentEvent {
        let sequence = samples.sequence
        guard sequence > 0, sequence <= WireLimits.sequence else {
            try samples.checkColumns(in: body)
            throw WireError(.invalidValue, "\(sequence) is no number of a sweep")
        }
        if samples.isComplete {
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
        if let reason = try dictionary.apply(samples, in: body, to: &batch) { return doubt(reason) }
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
