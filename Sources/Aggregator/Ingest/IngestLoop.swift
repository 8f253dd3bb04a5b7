// SPDX-License-Identifier: Apache-2.0
import NIOCore
import TLSChannel
import Wire

/// What the push port has for each event loop, and all connections there use in turn.
///
/// Confined to its event loop.
final class IngestLoop {
    /// A batch lives only from decoding to copying into the store.
    var batch = SampleBatch()
    let deadlines: DeadlineTable
    let buffers = ReadBuffers()
    let handshakes: HandshakeGate

    init(on eventLoop: any EventLoop, times: IngestTimes, handshakes: Int, waiting: Int) {
        deadlines = DeadlineTable(on: eventLoop, tick: times.tick)
        self.handshakes = HandshakeGate(
            on: eventLoop, atATime: handshakes, waiting: waiting, patience: times.handshakeWait)
    }
}

@available(*, unavailable)
extension IngestLoop: Sendable {}
