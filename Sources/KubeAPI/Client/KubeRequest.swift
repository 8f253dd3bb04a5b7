// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1

/// One request to the API server.
struct KubeRequest: Sendable {
    static let protobuf = "application/vnd.kubernetes.protobuf"

    typealias Method = HTTPMethod

    var method: Method = .GET
    /// Below the server's prefix, escaped, with the query.
    var path: String
    var accept = protobuf
    var body: [UInt8] = []
    var contentType = protobuf
    /// May be sent again when nobody knows whether it arrived: it changes nothing, or the same thing.
    var isIdempotent = true
    /// An answer that is no success is an answer, too.
    var takesEveryStatus = false
    /// Largest answer. Bytes.
    var answerLimit = KubeLimits.object
    /// nil: ``KubeTimes/request``.
    var timeout: Duration?

    func head(_ endpoint: ServerURL, userAgent: String, token: String?) -> HTTPRequestHead {
        var headers = HTTPHeaders()
        headers.add(name: "Host", value: endpoint.authority)
        headers.add(name: "User-Agent", value: userAgent)
        headers.add(name: "Accept", value: accept)
        if let token { headers.add(name: "Authorization", value: "Bearer \(token)") }
        if !body.isEmpty {
            headers.add(name: "Content-Type", value: contentType)
            headers.add(name: "Content-Length", value: "\(body.count)")
        }
        return HTTPRequestHead(version: .http1_1, method: method, uri: endpoint.prefix + path, headers: headers)
    }

    /// Such as `GET https://10.0.0.1:443/api/v1/pods`, for messages.
    func label(_ endpoint: ServerURL) -> String {
        let plain = path.split(separator: "?", maxSplits: 1).first.map(String.init) ?? path
        return "\(method.rawValue) \(endpoint)\(plain)"
    }

    /// A path of segments, each escaped.
    static func path(_ segments: String...) -> String { segments.map { "/" + escaped($0) }.joined() }

    /// Percent-encodes all but RFC 3986's unreserved characters.
    static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.append(byte)
            default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

/// A complete answer.
struct KubeResponse: Sendable {
    let status: Int
    let contentType: String
    /// Of the header in seconds; the API server never sends a date.
    let retryAfter: Duration?
    let date: String?
    let body: ByteBuffer

    init(head: HTTPResponseHead, body: ByteBuffer) {
        status = Int(head.status.code)
        contentType = head.headers.first(name: "content-type") ?? ""
        retryAfter = head.headers.first(name: "retry-after").flatMap { Int($0) }.map {
            .seconds(max(0, min($0, 86_400)))
        }
        date = head.headers.first(name: "date")
        self.body = body
    }

    var isSuccess: Bool { (200..<300).contains(status) }
    var isProtobuf: Bool { Self.isProtobuf(contentType) }

    static func isProtobuf(_ contentType: String) -> Bool {
        let type = contentType.prefix { $0 != ";" }.lowercased()
        return type.trimmed == KubeRequest.protobuf
    }

    /// The error that the answer is.
    var error: KubeError {
        KubeError(
            httpStatus: status, status: APIStatus(body: body.readableBytesSpan), retryAfter: retryAfter,
            contentType: contentType)
    }
}
