// SPDX-License-Identifier: Apache-2.0

/// How an aggregator's cost grows with the cluster.
enum GrowthReport {
    static func text(_ figures: [String: [Double]]) throws -> String {
        let heading = [
            "nodes", "containers", "CPU", "per sample", "RSS", "per container", "bytes/sample", "on the wire", "lost",
        ]
        let rows = try (figures["ingest.nodes"] ?? []).map { value in
            let nodes = "\(Int(value))"
            func cell(_ figure: String, _ unit: ReportUnit) throws -> String {
                guard let rounds = Rounds(figures["ingest.\(nodes).\(figure)"] ?? []) else {
                    throw BenchError("ingest.\(nodes).\(figure) was not measured")
                }
                return unit.text(rounds)
            }
            return [
                nodes, try cell("containers", .exactly), try cell("milliCPU", .milliCPU),
                try cell("nsPerSample", .nanoseconds), try cell("rss", .megabytes),
                try cell("bytesPerContainer", .bytes),
                try cell("bytesPerSample", .bytes), try cell("wireBytesPerSample", .bytes), try cell("lost", .exactly),
            ]
        }
        return "aggregator in a cluster, pods known from a watch; 2 % of the containers replaced a minute\n"
            + TextTable.aligned([heading] + rows, numbers: 0...heading.count - 1)
    }
}
