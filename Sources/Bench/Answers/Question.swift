// SPDX-License-Identifier: Apache-2.0
import TLS

/// Something that the aggregator is asked, and what its answer must be.
struct Question {
    enum Encoding {
        case protobuf, json, table

        var accept: String {
            switch self {
            // As Kubernetes' own clients ask.
            case .protobuf: "application/vnd.kubernetes.protobuf,application/json"
            case .json: "application/json"
            case .table: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
            }
        }
    }

    /// Of its figures.
    let name: String
    /// Below the API's version.
    let path: String
    var encoding = Encoding.protobuf
    var isCompressed = false
    /// That the answer must have.
    let items: Int

    /// Two thirds of what an answer of the aggregator may take.
    private static let timeoutMilliseconds: Int64 = 40_000

    /// Asks; the answer is checked after the time was taken.
    func ask(_ connection: inout APIConnection) throws -> APIConnection.Answer {
        try connection.get(
            "/apis/metrics.k8s.io/v1beta1/\(path)", accept: encoding.accept, encoding: isCompressed ? "gzip" : nil,
            deadline: .after(milliseconds: Self.timeoutMilliseconds))
    }

    /// - Parameter scratch: a file that a compressed answer is put into.
    func check(_ answer: APIConnection.Answer, scratch: String) throws {
        guard answer.status == 200 else {
            let text = String(decoding: answer.body.prefix(300), as: UTF8.self)
            throw BenchError("\(name): \(answer.status): \(text)")
        }
        var body = answer.body
        if let coding = answer.headers["content-encoding"] {
            guard isCompressed, coding == "gzip" else { throw BenchError("\(name): an answer in \(coding)") }
            body = try ChildOutput.inflate(body, scratch: scratch)
        }
        let found =
            switch encoding {
            case .protobuf: try ServedList.timestamps(protobuf: body).count
            case .json: ServedList.count(of: "\"timestamp\":", in: body)
            case .table: ServedList.count(of: "\"cells\":", in: body)
            }
        guard found == items else { throw BenchError("\(name): \(found) items, not \(items)") }
    }
}
