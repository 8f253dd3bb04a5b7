// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1

/// One request and how its answer is taken.
struct Exchange: Sendable {
    let head: HTTPRequestHead
    let body: [UInt8]
    /// Largest answer that is gathered. Bytes.
    let limit: Int
    /// The answer must be complete by then.
    let deadline: NIODeadline
    /// Set for a watch: a successful answer is not gathered but given to it piece by piece, on the event loop.
    var stream: Stream?
    let promise: EventLoopPromise<KubeResponse>

    struct Stream: Sendable {
        /// Longest silence of the server.
        let idle: TimeAmount
        /// The answer has begun.
        let opened: @Sendable (HTTPResponseHead) throws(KubeError) -> Void
        let bytes: @Sendable (ByteBuffer) throws(KubeError) -> Void
    }
}
