// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Wire

/// What the ingest side counts; shown at /metrics.
final class IngestMetrics: Sendable {
    /// Sessions accepted since the start.
    let sessionsAccepted = Atomic<Int>(0)
    let sessionsOpen = Atomic<Int>(0)
    /// Bytes of frames, before TLS.
    let bytesReceived = Atomic<Int>(0)
    let framesReceived = Atomic<Int>(0)
    /// Points of containers; a node's own are not counted.
    let samplesReceived = Atomic<Int>(0)
    let resyncsRequested = Atomic<Int>(0)
    /// Of event loops, between turns with many samples.
    let rests = Atomic<Int>(0)
    let clockCorrections = Atomic<Int>(0)
    /// Pods that a node reported while they were another's.
    let podClaimsRefused = Atomic<Int>(0)
    private let refusals = Mutex<[String: Int]>([:])

    /// - Parameter reason: from a closed set, since it becomes a label.
    func refused(_ reason: Refusal) {
        refusals.withLock { $0[reason.rawValue, default: 0] += 1 }
    }

    var refused: [(reason: String, count: Int)] {
        refusals.withLock { counts in Refusal.allCases.map { ($0.rawValue, counts[$0.rawValue] ?? 0) } }
    }

    enum Refusal: String, CaseIterable, Sendable {
        case protocolViolation = "protocol"
        case unauthenticated
        case wrongNode = "wrong_node"
        case duplicateNode = "duplicate_node"
        case overloaded
        case shuttingDown = "shutting_down"
        case malformedFrame = "malformed_frame"
        case tls
        case silent
        /// A session that sends more often, or more, than its agent announced.
        case rate
        /// A node that opens session after session.
        case sessionRate = "session_rate"
        /// More connections than `--max-agents`.
        case connections = "too_many_connections"
        /// No place, or none in time, in the queue for handshakes.
        case handshakes = "handshake_queue"

        init(_ code: RejectCode) {
            self =
                switch code {
                case .protocol, .unspecified: .protocolViolation
                case .unauthenticated: .unauthenticated
                case .wrongNode: .wrongNode
                case .duplicateNode: .duplicateNode
                case .overloaded: .overloaded
                case .shuttingDown: .shuttingDown
                }
        }
    }
}
