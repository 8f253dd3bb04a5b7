// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore
import NIOPosix
import Synchronization
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
    private let eventLoop: any EventLoop
    private let metrics: IngestMetrics
    private let restLength: TimeAmount
    private var rest: IngestRest
    private var isRestAhead = false

    init(
        on eventLoop: any EventLoop, times: IngestTimes, handshakes: Int, waiting: Int, metrics: IngestMetrics
    ) {
        self.eventLoop = eventLoop
        self.metrics = metrics
        restLength = times.rest
        rest = IngestRest(length: times.rest)
        deadlines = DeadlineTable(on: eventLoop, tick: times.tick)
        self.handshakes = HandshakeGate(
            on: eventLoop, atATime: handshakes, waiting: waiting, patience: times.handshakeWait)
    }

    /// A session's samples were taken. When the loop has served all that is ready it rests, if that is worth it; not while
    /// there are handshakes, since each of their steps would wait for it.
    func tookSamples(at now: NIODeadline) {
        rest.tookSample(at: now)
        guard !isRestAhead, rest.isWorthwhile, handshakes.running == 0 else { return }
        isRestAhead = true
        // Tasks run behind the events of a turn.
        eventLoop.assumeIsolated().execute { [self] in
            isRestAhead = false
            guard handshakes.running == 0 else { return }
            metrics.rests.add(1, ordering: .relaxed)
            // Anywhere else it would be a mistake to put an event loop to sleep. This one has nothing to do but this.
            usleep(UInt32(clamping: restLength.nanoseconds / 1_000))
        }
    }
}

extension IngestLoop {
    /// The event loops of agents' sessions, which serve nothing else: a large list holds up no sample, and a rest no
    /// answer. Half as many as there are cores, but few: the fewer there are, the more samples each finds in a turn.
    static let group = MultiThreadedEventLoopGroup(numberOfThreads: min(max(1, System.coreCount / 2), 4))
}

@available(*, unavailable)
extension IngestLoop: Sendable {}
