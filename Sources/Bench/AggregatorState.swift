// SPDX-License-Identifier: Apache-2.0
import Console
import TLS

/// A standalone aggregator, known from its state directory.
struct AggregatorState {
    /// With which a swarm gets in.
    let swarmFlags: [String]
    /// The addresses are loopback ones, which its certificate names.
    private static let serverName = "localhost"

    private let apiAddress: SocketAddress
    private let apiContext: TLSContext
    private let userToken: String

    init(directory: String) throws {
        func text(_ name: String) throws -> String {
            String(try TextFile.read("\(directory)/\(name)").drop { $0.isWhitespace }.prefix { !$0.isWhitespace })
        }
        swarmFlags = [
            "--aggregator", try text("push-address"), "--ca-file", "\(directory)/ca.crt",
            "--token-file", "\(directory)/agent-token",
        ]
        userToken = try text("user-token")
        let trust = TrustRoots.file("\(directory)/ca.crt")
        apiContext = try TLSContext.client(trust: trust, alpn: ["http/1.1"])
        let prefix = "server: https://"
        let lines = try TextFile.read("\(directory)/kubeconfig").split(separator: "\n")
        guard let server = lines.lazy.map({ $0.drop { $0 == " " } }).first(where: { $0.hasPrefix(prefix) }) else {
            throw BenchError("\(directory)/kubeconfig names no server")
        }
        apiAddress = try LoopbackAddress.parse(String(server.dropFirst(prefix.count)))
    }

    /// What the aggregator counted up to now.
    struct Counters: Equatable {
        var sessions: Int
        var frames: Int
        var samples: Int
        /// Before TLS.
        var bytes: Int
        var resyncs: Int
    }

    /// Asks for /metrics.
    func counters() throws -> Counters {
        let deadline = Deadline.after(milliseconds: 10_000)
        var stream = try TLSStream.connect(
            address: apiAddress, context: apiContext, serverName: Self.serverName, deadline: deadline)
        let request =
            "GET /metrics HTTP/1.1\r\nHost: \(Self.serverName)\r\nAuthorization: Bearer \(userToken)\r\n"
            + "Connection: close\r\n\r\n"
        try stream.write(Array(request.utf8), deadline: deadline)
        var answer: [UInt8] = []
        while try stream.read(into: &answer, maximum: 16 << 10, deadline: deadline) > 0 {}
        stream.close(deadline: deadline)
        return try Self.parse(String(decoding: answer, as: UTF8.self))
    }

    private static func parse(_ answer: String) throws -> Counters {
        guard answer.hasPrefix("HTTP/1.1 200 ") else {
            throw BenchError("/metrics answered \(answer.prefix { !$0.isNewline })")
        }
        var values: [Substring: Int] = [:]
        for line in answer.split(whereSeparator: \.isNewline) {
            let words = line.split(separator: " ")
            if words.count == 2, let value = Int(words[1]) { values[words[0]] = value }
        }
        func value(_ name: Substring) throws -> Int {
            guard let value = values["metrics_push_\(name)"] else {
                throw BenchError("/metrics shows no metrics_push_\(name)")
            }
            return value
        }
        return Counters(
            sessions: try value("sessions"), frames: try value("frames_received_total"),
            samples: try value("samples_received_total"), bytes: try value("received_bytes_total"),
            resyncs: try value("resyncs_requested_total"))
    }
}
