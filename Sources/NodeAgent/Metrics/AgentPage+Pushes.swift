// SPDX-License-Identifier: Apache-2.0
import Formats
import TLS
import Wire

extension AgentPage {
    /// With samples for each address of the aggregator.
    static var pushFamilies: [MetricFamily<PushFigures>] {
        [
            MetricFamily(prefix + "connected", .gauge, "1: there is a session with this address.") {
                $0.open > 0 ? 1 : 0
            },
            MetricFamily(prefix + "connection_attempts_total", .counter, "Attempts to connect.") { $0.attempts },
            MetricFamily(prefix + "connection_failures_total", .counter, "Attempts and sessions that failed.") {
                $0.failures
            },
            MetricFamily(prefix + "sessions_total", .counter, "Sessions that the aggregator accepted.") { $0.sessions },
            MetricFamily(prefix + "reconnects_total", .counter, "Sessions after the first.") {
                $0.sessions > 0 ? $0.sessions - 1 : 0
            },
            MetricFamily(
                prefix + "rejects_total", .counter, "Sessions that the aggregator refused, by its reason.",
                samples: { figures in
                    RejectCode.allCases.map { ([("reason", $0.label)], "\(figures.rejects[$0] ?? 0)") }
                }),
            MetricFamily(prefix + "resyncs_total", .counter, "Times the aggregator asked for a complete frame.") {
                $0.resyncs
            },
            MetricFamily(
                prefix + "frames_sent_total", .counter, "Frames handed over, by whether they were complete.",
                samples: {
                    [
                        ([("complete", "true")], "\($0.completeFrames)"),
                        ([("complete", "false")], "\($0.differences)"),
                    ]
                }),
            MetricFamily(prefix + "sent_bytes_total", .counter, "Bytes of frames handed over, before TLS.") {
                $0.frameBytes
            },
            MetricFamily(
                prefix + "frames_dropped_total", .counter,
                "Sweeps that were never sent: there was no session, or it was slow. Later frames make up for them."
            ) { $0.dropped },
            MetricFamily(prefix + "last_frame_age_seconds", .gauge, "Since the last frame was handed over.") {
                $0.lastFrame?.overdue.inSeconds
            },
        ]
    }
}

extension RejectCode {
    /// As the aggregator's own metrics spell them.
    fileprivate var label: String {
        switch self {
        case .unspecified: "unspecified"
        case .protocol: "protocol"
        case .unauthenticated: "unauthenticated"
        case .wrongNode: "wrong_node"
        case .duplicateNode: "duplicate_node"
        case .overloaded: "overloaded"
        case .shuttingDown: "shutting_down"
        }
    }
}
