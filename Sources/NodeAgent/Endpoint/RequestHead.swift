// SPDX-License-Identifier: Apache-2.0

/// What the endpoint wants to know of a request.
struct RequestHead: Equatable, Sendable {
    enum Method: Equatable, Sendable {
        case get, head
    }

    var method: Method
    /// Without a query.
    var path: String
    /// Whether the client wants to send another request on this connection.
    var keepsAlive: Bool
    /// Empty: anything.
    var accept = ""
}

/// What became of the bytes so far.
enum ParsedHead: Equatable {
    case incomplete
    /// - length: of the head, with the empty line behind it.
    case request(RequestHead, length: Int)
    /// - reason: a sentence for the client.
    case refused(HTTPStatus, reason: String)
}
