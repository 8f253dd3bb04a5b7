// SPDX-License-Identifier: Apache-2.0
import Console
import TLS

/// An aggregator that runs, known from the files that tell its clients of it.
struct AggregatorState {
    /// With which a swarm gets in.
    let swarmFlags: [String]
    let api: APIEndpoint
    /// The addresses are loopback ones, which its certificate names.
    private static let serverName = "localhost"

    /// A standalone one.
    /// - Parameter directory: its `--state-dir`.
    init(directory: String) throws {
        swarmFlags = [
            "--aggregator", try Self.word("\(directory)/push-address"), "--ca-file", "\(directory)/ca.crt",
            "--token-file", "\(directory)/agent-token",
        ]
        let prefix = "server: https://"
        let lines = try TextFile.read("\(directory)/kubeconfig").split(separator: "\n")
        guard let server = lines.lazy.map({ $0.drop { $0 == " " } }).first(where: { $0.hasPrefix(prefix) }) else {
            throw BenchError("\(directory)/kubeconfig names no server")
        }
        api = APIEndpoint(
            address: try LoopbackAddress.parse(String(server.dropFirst(prefix.count))),
            context: try .client(trust: .file("\(directory)/ca.crt"), alpn: ["http/1.1"]), serverName: Self.serverName,
            credentials: "Authorization: Bearer \(try Self.word("\(directory)/user-token"))\r\n")
    }

    /// One in the cluster of `BenchCluster`. The bench asks it as the API server does, on behalf of the autoscaler.
    /// - Parameter directory: of `BenchCluster`; with the addresses that the aggregator logged in push-address and
    ///   api-address.
    init(cluster directory: String) throws {
        swarmFlags = [
            "--aggregator", try Self.word("\(directory)/push-address"), "--ca-file", "\(directory)/ca.crt",
            "--server-name", Self.serverName, "--token-file", "\(directory)/tokens/{node}",
        ]
        let identity = try TLSIdentity(
            certificateFile: "\(directory)/front-proxy.crt", keyFile: "\(directory)/front-proxy.key")
        api = APIEndpoint(
            address: try LoopbackAddress.parse(try Self.word("\(directory)/api-address")),
            context: try .client(trust: .file("\(directory)/ca.crt"), identity: identity, alpn: ["http/1.1"]),
            serverName: Self.serverName,
            credentials: "X-Remote-User: system:serviceaccount:kube-system:horizontal-pod-autoscaler\r\n"
                + "X-Remote-Group: system:serviceaccounts\r\nX-Remote-Group: system:authenticated\r\n")
    }

    private static func word(_ path: String) throws -> String {
        String(try TextFile.read(path).drop { $0.isWhitespace }.prefix { !$0.isWhitespace })
    }

    /// Waits until it says that it is ready: it has listed the pods, and most nodes report.
    func awaitReady(within seconds: Int64) throws { try awaitAnswer("/readyz", within: seconds) }

    /// Waits until it has a certificate that can be verified.
    func awaitServing(within seconds: Int64) throws { try awaitAnswer("/livez", within: seconds) }

    private func awaitAnswer(_ path: String, within seconds: Int64) throws {
        let end = Clocks.monotonic + seconds * 1_000_000_000
        while true {
            var problem = ""
            do {
                let answer = try ask(path)
                if answer.status == 200 { return }
                problem = String(decoding: answer.body, as: UTF8.self)
            } catch {
                problem = "\(error)"
            }
            guard Clocks.monotonic < end else {
                throw BenchError("\(path) has not answered with 200 within \(seconds) s: \(problem)")
            }
            Clocks.sleep(milliseconds: 100)
        }
    }

    /// What the aggregator counted up to now.
    struct Counters: Equatable {
        var sessions: Int
        var frames: Int
        var samples: Int
        /// Before TLS.
        var bytes: Int
        var resyncs: Int
        /// Figures that were served, and the sum of their ages then, s.
        var served: Int
        var servedSeconds: Double
    }

    /// Asks for /metrics.
    func counters() throws -> Counters { try Self.parse(try ask("/metrics")) }

    private func ask(_ path: String) throws -> APIConnection.Answer {
        let deadline = Deadline.after(milliseconds: 10_000)
        var connection = try api.connect(deadline: deadline)
        let answer = try connection.get(path, deadline: deadline)
        connection.close(deadline: deadline)
        return answer
    }

    private static func parse(_ answer: APIConnection.Answer) throws -> Counters {
        guard answer.status == 200 else { throw BenchError("/metrics answered \(answer.status)") }
        var values: [Substring: Double] = [:]
        let text = String(decoding: answer.body, as: UTF8.self)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, let value = Double(words[1]) { values[words[0]] = value }
        }
        func value(_ name: String) throws -> Double {
            guard let value = values["metrics_push_\(name)"] else {
                throw BenchError("/metrics shows no metrics_push_\(name)")
            }
            return value
        }
        func count(_ name: String) throws -> Int { Int(try value(name)) }
        return Counters(
            sessions: try count("sessions"), frames: try count("frames_received_total"),
            samples: try count("samples_received_total"), bytes: try count("received_bytes_total"),
            resyncs: try count("resyncs_requested_total"), served: try count("api_metric_freshness_seconds_count"),
            servedSeconds: try value("api_metric_freshness_seconds_sum"))
    }
}
