// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// The decoder, and beside it protobuf-c: whatever samples the one takes, the other must find the same in the same bytes.
struct CheckedDecoder {
    private var decoder = AgentFrameDecoder()
    private var reference = ReferenceSession()

    mutating func decode(
        body: [UInt8], into batch: inout SampleBatch, location: SourceLocation = #_sourceLocation
    ) throws(WireError) -> AgentEvent {
        do throws(WireError) {
            let event = try decoder.decode(body: body, into: &batch)
            switch event {
            case .samples:
                let expected = UnpackedSamples(body: body).flatMap { reference.batch(of: $0) }
                #expect(batch == expected, sourceLocation: location)
            case .resyncNeeded: reference = ReferenceSession()
            case .ignored, .hello, .credential, .goodbye: break
            }
            return event
        } catch {
            reference = ReferenceSession()
            throw error
        }
    }
}
