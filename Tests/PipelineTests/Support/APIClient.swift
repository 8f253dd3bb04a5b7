// SPDX-License-Identifier: Apache-2.0
import TLS

/// Asks the aggregator's API as its user, a connection each time; cheap enough to ask many times a second.
struct APIClient: Sendable {
    let port: UInt16
    let context: TLSContext
    let token: String

    /// A busy machine may take its time; an aggregator that serves somebody else only takes longer.
    static let patience: Duration = .seconds(30)

    struct Answer {
        let status: Int
        let body: [UInt8]
    }

    struct Malformed: Error {
        let text: String
    }

    static let protobuf = "application/vnd.kubernetes.protobuf"
    static let pods = "/apis/metrics.k8s.io/v1beta1/pods"
    static let nodes = "/apis/metrics.k8s.io/v1beta1/nodes"

    func get(_ path: String, accept: String = "application/json") throws -> Answer {
        let deadline = Deadline.after(Self.patience)
        var stream = try connect(deadline)
        try stream.write(Array(request(path, accept: accept, connection: "close").utf8), deadline: deadline)
        var bytes: [UInt8] = []
        while try stream.read(into: &bytes, maximum: 1 << 16, deadline: deadline) > 0 {}
        stream.close(deadline: .after(.zero))
        return try Self.parse(bytes)
    }

    func connect(_ deadline: Deadline) throws -> TLSStream {
        guard let address = SocketAddress(ipLiteral: "127.0.0.1", port: port) else { throw Malformed(text: "address") }
        return try TLSStream.connect(address: address, context: context, serverName: "localhost", deadline: deadline)
    }

    func request(_ path: String, accept: String, connection: String) -> String {
        "GET \(path) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\nAccept: \(accept)\r\n"
            + "Connection: \(connection)\r\n\r\n"
    }

    private static func parse(_ bytes: [UInt8]) throws -> Answer {
        let end = Array("\r\n\r\n".utf8)
        guard let head = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) else {
            throw Malformed(text: String(decoding: bytes.prefix(200), as: UTF8.self))
        }
        let lines = String(decoding: bytes[..<head], as: UTF8.self).split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw Malformed(text: String(lines.first ?? ""))
        }
        return Answer(status: status, body: Array(bytes[(head + end.count)...]))
    }

    // MARK: Figures

    func pods() throws -> [ServedFigure] { try figures(Self.pods, ServedFigure.pods) }

    func nodes() throws -> [ServedFigure] { try figures(Self.nodes, ServedFigure.nodes) }

    private func figures(_ path: String, _ decode: ([UInt8], Int64) throws -> [ServedFigure]) throws -> [ServedFigure] {
        let answer = try get(path, accept: Self.protobuf)
        guard answer.status == 200 else { throw Malformed(text: "\(path): HTTP \(answer.status)") }
        return try decode(answer.body, RealTime.now())
    }
}
