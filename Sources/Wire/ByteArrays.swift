// SPDX-License-Identifier: Apache-2.0

// For callers that hold an array: a span of one's own is an unsafe expression under strict memory safety.

extension FrameAssembler {
    /// The same as ``append(_:)-(RawSpan)``.
    public mutating func append(_ bytes: [UInt8]) throws(WireError) {
        try unsafe append(bytes.span.bytes)
    }
}

extension AggregatorMessage {
    /// The same as ``decode(body:)-(RawSpan)``.
    public static func decode(body: [UInt8]) throws(WireError) -> AggregatorMessage {
        try unsafe decode(body: body.span.bytes)
    }
}

extension AgentFrameDecoder {
    /// The same as ``decode(body:into:)-(RawSpan,_)``.
    public mutating func decode(body: [UInt8], into batch: inout SampleBatch) throws(WireError) -> AgentEvent {
        try unsafe decode(body: body.span.bytes, into: &batch)
    }
}
