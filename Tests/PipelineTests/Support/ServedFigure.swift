// SPDX-License-Identifier: Apache-2.0

/// One container's, or one node's, figures in an answer of the API.
struct ServedFigure: Equatable, CustomStringConvertible {
    /// `namespace/pod/container`, or the node's name.
    let name: String
    let podUID: String
    let cpuNanocores: UInt64
    let memoryBytes: UInt64
    /// Whole seconds, rounded down: that is all that the API has room for.
    let timestampSeconds: Int64
    let windowNanoseconds: Int64
    /// When the answer was there.
    let seen: Int64

    /// When the counter was read at the end of the window, as far as the answer tells: in the second that it names, and
    /// before the answer.
    var end: ClosedRange<Int64> {
        let start = timestampSeconds * RealTime.second
        return start...max(start, min(start + RealTime.second - 1, seen))
    }

    /// The same sample, asked for at another time.
    func isSameSample(as other: ServedFigure) -> Bool {
        (name, podUID, cpuNanocores, memoryBytes) == (other.name, other.podUID, other.cpuNanocores, other.memoryBytes)
            && (timestampSeconds, windowNanoseconds) == (other.timestampSeconds, other.windowNanoseconds)
    }

    var description: String {
        "\(name) uid=\(podUID) cpu=\(cpuNanocores)n memory=\(memoryBytes) at=\(timestampSeconds) "
            + "window=\(Double(windowNanoseconds) / 1e9)s"
    }

    /// PodMetricsList in the Kubernetes envelope.
    static func pods(_ body: [UInt8], seen: Int64) throws -> [ServedFigure] {
        try TestEnvelope(body).object.all(2).flatMap { pod in
            try pod.all(4).map { container in
                let metadata = try pod.message(1)
                let names = [metadata.string(3), metadata.string(1), container.string(1)].map { $0 ?? "" }
                return try ServedFigure(
                    names.joined(separator: "/"), metadata, pod, usage: try container.quantities(2), seen)
            }
        }
    }

    /// NodeMetricsList in the Kubernetes envelope.
    static func nodes(_ body: [UInt8], seen: Int64) throws -> [ServedFigure] {
        try TestEnvelope(body).object.all(2).map { node in
            let metadata = try node.message(1)
            return try ServedFigure(metadata.string(1) ?? "", metadata, node, usage: try node.quantities(4), seen)
        }
    }

    private init(
        _ name: String, _ metadata: TestProtobuf, _ item: TestProtobuf, usage: [String: String], _ seen: Int64
    ) throws {
        self.name = name
        podUID = metadata.string(5) ?? ""
        cpuNanocores = try Quantity.nanocores(usage["cpu"] ?? "")
        memoryBytes = try Quantity.bytes(usage["memory"] ?? "")
        timestampSeconds = try item.message(2).integer(1) ?? 0
        windowNanoseconds = try item.message(3).integer(1) ?? 0
        self.seen = seen
    }
}
