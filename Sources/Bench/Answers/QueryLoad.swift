// SPDX-License-Identifier: Apache-2.0
import TLS

/// What a cluster's autoscalers ask, at a rate that does not wait for answers: each the pods of one deployment, by its
/// label. The latency of an answer counts from the moment that its question was to be sent, so that a question that
/// waits for the one before it on its connection is no faster for it.
struct QueryLoad {
    let api: APIEndpoint
    let deployments: [Deployment]
    /// Questions a second.
    let rate: Int
    let seconds: Int
    let connections: Int

    /// For the connections to be opened, ns.
    private static let headStart: Int64 = 1_000_000_000

    struct Outcome: Sendable {
        /// ns; of a question whose turn did not come at all, how long it waited in vain.
        var latencies: [Int64] = []
        var answered = 0
        /// In all answers.
        var items = 0

        /// Nearest rank.
        func percentile(_ percent: Int) -> Int64 {
            let sorted = latencies.sorted()
            return sorted.isEmpty ? 0 : sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]
        }
    }

    /// - Throws: when an answer has other pods than those of the deployment, or more than a fiftieth of them are missing
    ///   from all answers: those that were born just now are.
    func run() throws -> Outcome {
        let start = Clocks.monotonic + Self.headStart
        let load = self
        let outcome = try Threads.run(connections) { try load.ask(connection: $0, start: start) }
            .reduce(into: Outcome()) {
                $0.latencies += $1.latencies
                $0.answered += $1.answered
                $0.items += $1.items
            }
        guard outcome.items * 50 >= outcome.answered * Deployment.pods * 49 else {
            throw BenchError(
                "\(outcome.answered) answers have \(outcome.items) items; each has \(Deployment.pods) pods")
        }
        return outcome
    }

    private func ask(connection number: Int, start: Int64) throws -> Outcome {
        var outcome = Outcome()
        let end = start + Int64(seconds) * 1_000_000_000
        let step = 1_000_000_000 / Int64(rate)
        var connection = try api.connect(deadline: .after(milliseconds: 10_000))
        for turn in stride(from: number, to: rate * seconds, by: connections) {
            let due = start + Int64(turn) * step
            if Clocks.monotonic >= end {
                outcome.latencies.append(Clocks.monotonic - due)
                continue
            }
            Clocks.sleep(until: due)
            // A prime's steps lead through all of them, far from one another.
            let deployment = deployments[turn * 7_919 % deployments.count]
            let answer = try connection.get(
                "/apis/metrics.k8s.io/v1beta1/\(deployment.path)", accept: Question.Encoding.protobuf.accept,
                deadline: .after(milliseconds: 30_000))
            outcome.latencies.append(Clocks.monotonic - due)
            outcome.answered += 1
            let items = answer.status == 200 ? try ServedList.timestamps(protobuf: answer.body).count : 0
            outcome.items += items
            guard answer.status == 200, items <= Deployment.pods else {
                throw BenchError("\(deployment.path): \(answer.status), \(items) items, not \(Deployment.pods)")
            }
        }
        connection.close(deadline: .after(milliseconds: 1_000))
        return outcome
    }
}

/// A deployment of `BenchCluster`.
struct Deployment: Sendable {
    static let pods = 10

    let namespace: String
    /// A label that its pods have, such as `app=app-1`.
    let selector: String
    /// One that all pods have.
    let commonSelector: String

    var path: String { Self.path(namespace, selector) }
    var namespacePath: String { "namespaces/\(namespace)/pods" }
    var commonPath: String { Self.path(namespace, commonSelector) }

    private static func path(_ namespace: String, _ selector: String) -> String {
        let escaped = selector.split(separator: "=").joined(separator: "%3D")
        return "namespaces/\(namespace)/pods?labelSelector=\(escaped)"
    }

    /// - Parameter directory: of `BenchCluster`.
    static func all(in directory: String) throws -> [Deployment] {
        try TextFile.read("\(directory)/deployments").split(separator: "\n").map { line in
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 3 else { throw BenchError("\"\(line)\" is no deployment") }
            return Deployment(namespace: words[0], selector: words[1], commonSelector: words[2])
        }
    }
}
