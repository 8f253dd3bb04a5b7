// SPDX-License-Identifier: Apache-2.0

/// The aggregator at the size that the project's goals are for, beside the peer.
///
/// The peer's figures are copied, not measured here: metrics-server against a real API server with as many pods, every
/// kubelet simulated, on a machine like this one. It collects every 15 s.
enum ReachReport {
    /// Of 60 containers in 30 pods each, which push every 5 s.
    private static let nodes = 5_000

    static func text(_ figures: [String: [Double]]) throws -> String {
        let heading = ["", "measured", "peer", "goal", ""]
        let table = try [heading] + rows.map { try $0.cellsBesidePeer(figures) }
        return "aggregator in a cluster of \(nodes) nodes x 60 containers, every 5 s; "
            + "peer: every 15 s, measured on a machine like this\n" + TextTable.aligned(table, numbers: 1...2)
    }

    private static var rows: [ReportRow] { ingestRows + listRows + loadRows }

    private static var ingestRows: [ReportRow] {
        [
            ReportRow(
                title: "CPU, collecting only", figure: "ingest.\(nodes).milliCPU", unit: .milliCPU, peer: "245 mCPU",
                goal: .atMost(60)),
            ReportRow(
                title: "RSS then, pods known", figure: "ingest.\(nodes).rss", unit: .megabytes,
                peer: "2,400-2,600 MB", goal: .atMost(250e6)),
            ReportRow(
                title: "RSS after lists and queries", figure: "ingest.\(nodes).rssAfterLists", unit: .megabytes,
                peer: "3,130 MB"),
            ReportRow(
                title: "bytes per container and sample, before TLS", figure: "ingest.\(nodes).bytesPerSample",
                unit: .bytes, peer: "419 B", goal: .atMost(8)),
            ReportRow(
                title: "... on the wire", figure: "ingest.\(nodes).wireBytesPerSample", unit: .bytes,
                goal: .atMost(9)),
            ReportRow(title: "CPU per new session (standalone)", figure: "handshake.cpu", unit: .microseconds),
        ]
    }

    private static var listRows: [ReportRow] {
        let all = "LIST all pods,"
        let some = "LIST 3,000 pods of a namespace, protobuf"
        return [
            answer("\(all) protobuf: CPU", "pods.protobuf.cpu", .seconds, "1.4-1.6 s", .atMost(0.15e9)),
            answer("... wall time", "pods.protobuf.wall", .seconds, "1.6-1.7 s"),
            answer("... size", "pods.protobuf.bytes", .megabytes, "32.5 MB"),
            answer("\(all) JSON: CPU", "pods.json.cpu", .seconds, "2.9-5.6 s", .atMost(0.5e9)),
            answer("... wall time", "pods.json.wall", .seconds, "2.3-5.7 s"),
            answer("... size", "pods.json.bytes", .megabytes, "99.5 MB"),
            answer("\(all) Table: CPU", "pods.table.cpu", .seconds),
            answer("\(all) protobuf, gzip accepted: CPU", "pods.protobuf.gzip.cpu", .seconds),
            answer("... size", "pods.protobuf.gzip.bytes", .megabytes),
            answer("\(all) JSON, gzip accepted: CPU", "pods.json.gzip.cpu", .seconds),
            answer("... size", "pods.json.gzip.bytes", .megabytes),
            answer("\(some): CPU", "namespace.cpu", .milliseconds, "50-80 ms", .atMost(5e6)),
            answer("... wall time", "namespace.wall", .milliseconds, "60-79 ms"),
            answer(
                "... by a selector that all match: CPU", "namespace.all.cpu", .milliseconds, "50-80 ms", .atMost(5e6)),
            answer("... by a selector that 10 match: CPU", "namespace.ten.cpu", .milliseconds, nil, .atMost(5e6)),
            answer("LIST all nodes, protobuf: CPU", "nodes.cpu", .milliseconds),
            answer("... wall time", "nodes.wall", .milliseconds, "34-63 ms"),
        ]
    }

    private static func answer(
        _ title: String, _ figure: String, _ unit: ReportUnit, _ peer: String? = nil, _ goal: ReportRow.Goal? = nil
    ) -> ReportRow {
        ReportRow(title: title, figure: "answer.\(figure)", unit: unit, peer: peer, goal: goal)
    }

    private static var loadRows: [ReportRow] {
        [
            ReportRow(
                title: "1,000 queries/s for 10 of 3,000 pods, during ingest: p50", figure: "ingest.\(nodes).query.p50",
                unit: .milliseconds),
            ReportRow(
                title: "... p99", figure: "ingest.\(nodes).query.p99", unit: .milliseconds, goal: .atMost(10e6)),
            ReportRow(title: "... the slowest", figure: "ingest.\(nodes).query.max", unit: .milliseconds),
            ReportRow(
                title: "... answered a second", figure: "ingest.\(nodes).query.rate", unit: .exactly,
                goal: .atLeast(999)),
            ReportRow(title: "samples sent in all that", figure: "ingest.\(nodes).sent", unit: .exactly),
            ReportRow(
                title: "... of these not received", figure: "ingest.\(nodes).lost", unit: .exactly, goal: .atMost(0)),
            ReportRow(
                title: "... due, and not sent", figure: "ingest.\(nodes).unsent", unit: .exactly),
            ReportRow(
                title: "all connections cut: the last agent is back after", figure: "storm.recovery", unit: .seconds,
                goal: .atMost(15e9)),
            ReportRow(
                title: "... the slowest answer of 10 pods meanwhile", figure: "storm.slowest", unit: .milliseconds),
            ReportRow(title: "... not answered", figure: "storm.failed", unit: .exactly, goal: .atMost(0)),
            ReportRow(
                title: "age of answers, as whole seconds tell it: mean", figure: "ingest.\(nodes).age.mean",
                unit: .seconds, peer: "9.1 s", goal: .atMost(3e9)),
            ReportRow(
                title: "... p99", figure: "ingest.\(nodes).age.p99", unit: .seconds, goal: .atMost(7e9)),
            ReportRow(
                title: "... mean by the aggregator's own account", figure: "ingest.\(nodes).age.own", unit: .seconds),
        ]
    }
}
