// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// An aggregator's end in tests: a decoder, and a consumer that knows only what the batches told it.
struct Session {
    var decoder = CheckedDecoder()
    var dictionary: [Int: ContainerIdentity] = [:]
    /// The last sweep this session was given.
    var sequence: UInt64 = 0

    mutating func feed(_ frame: EncodedFrame, into batch: inout SampleBatch) throws -> AgentEvent {
        try decoder.decode(body: frame.body, into: &batch)
    }

    /// Feeds the end of the encoder's sweep.
    mutating func feed(_ encoder: inout SampleEncoder, into batch: inout SampleBatch) throws -> AgentEvent {
        try feed(encoder.finish(), into: &batch)
    }

    /// Feeds a frame that must be samples, and checks it against the model.
    mutating func take(
        _ frame: EncodedFrame, _ model: NodeModel, into batch: inout SampleBatch,
        location: SourceLocation = #_sourceLocation
    ) throws {
        let event = try decoder.decode(body: frame.body, into: &batch)
        try #require(event == .samples, sourceLocation: location)
        sequence = frame.sequence
        #expect(batch.sequence == frame.sequence, sourceLocation: location)
        #expect(batch.isComplete == frame.isComplete, sourceLocation: location)
        #expect(batch.bootTimeMicroseconds == model.bootTime, sourceLocation: location)
        #expect(batch.realTimeMicroseconds == model.realTime, sourceLocation: location)
        #expect(batch.node == model.node, sourceLocation: location)
        if frame.isComplete {
            #expect(batch.removed == [], sourceLocation: location)
            #expect(batch.earlier == model.earlier, sourceLocation: location)
            #expect(batch.nodeEarlier == model.nodeEarlier, sourceLocation: location)
            dictionary = [:]
        } else {
            #expect(batch.removed == model.removed.sorted(), sourceLocation: location)
            #expect(batch.added.map(\.slot) == model.added.sorted(), sourceLocation: location)
            #expect(batch.earlier == [] && batch.nodeEarlier == nil, sourceLocation: location)
        }
        for slot in batch.removed {
            #expect(dictionary.removeValue(forKey: slot) != nil, sourceLocation: location)
        }
        for entry in batch.added {
            if let present = dictionary[entry.slot] {
                #expect(
                    present.podUID == entry.identity.podUID && present.containerID == entry.identity.containerID,
                    sourceLocation: location)
            }
            dictionary[entry.slot] = entry.identity
        }
        #expect(dictionary == model.dictionary, sourceLocation: location)
        #expect(batch.points == model.points, sourceLocation: location)
    }
}

extension EncodedFrame {
    var body: [UInt8] { Array(bytes.dropFirst(FrameHeader.byteCount)) }
}
