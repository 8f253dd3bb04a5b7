// SPDX-License-Identifier: Apache-2.0
import Formats
import KubeAPI
import Synchronization

/// What naming containers by the API server's word counts; shown at /metrics.
final class NamingMetrics: Sendable {
    /// How a question about a pod ended.
    enum Outcome: String, CaseIterable, Sendable {
        case answered
        /// The pod is no more, or another has its name.
        case gone
        case forbidden
        /// An answer that cannot be read.
        case unusable
        case failed

        init(_ code: KubeError.Code) {
            self =
                switch code {
                case .notFound, .gone: .gone
                case .forbidden: .forbidden
                case .badAnswer, .tooLarge, .invalid: .unusable
                case .unreachable, .timedOut, .unauthorized, .alreadyExists, .conflict, .tooManyRequests, .serverError,
                    .cancelled:
                    .failed
                }
        }
    }

    /// Containers that were given a name.
    let joined = Atomic<Int>(0)
    private let outcomes = Mutex<[Outcome: Int]>([:])

    func ended(_ outcome: Outcome) { outcomes.withLock { $0[outcome, default: 0] += 1 } }

    /// All outcomes, those that never happened with 0.
    var requests: [(result: String, count: Int)] {
        outcomes.withLock { outcomes in Outcome.allCases.map { ($0.rawValue, outcomes[$0] ?? 0) } }
    }

    func write(to text: inout PrometheusText) {
        text.single(
            "metrics_push_container_names_joined_total", .counter,
            help: "Containers that no agent could name, and that were named after the API server's word.",
            joined.load(ordering: .relaxed))
        text.family(
            "metrics_push_container_name_requests_total", .counter,
            help: "Questions to the API server for the names of a pod's containers, by result.")
        for (result, count) in requests {
            text.sample("metrics_push_container_name_requests_total", labels: [("result", result)], count)
        }
    }
}
