// SPDX-License-Identifier: Apache-2.0

/// Reads the head of an HTTP/1 request (RFC 9112), and is strict about it: what two parsers could read in two ways is
/// refused. No body follows; a request with one is refused.
enum RequestParser {
    /// Empty lines before a request that are put up with (§2.2).
    private static let mostEmptyLines = 2

    struct Refusal: Error {
        let status: HTTPStatus
        let reason: String

        init(_ reason: String) { self.init(.badRequest, reason) }

        init(_ status: HTTPStatus, _ reason: String) {
            self.status = status
            self.reason = reason
        }
    }

    static func parse(_ bytes: [UInt8]) -> ParsedHead {
        do throws(Refusal) {
            return try head(bytes)
        } catch {
            return .refused(error.status, reason: error.reason)
        }
    }

    private static func head(_ bytes: [UInt8]) throws(Refusal) -> ParsedHead {
        var lines = Lines(bytes: bytes)
        var first = lines.next()
        for _ in 0..<Self.mostEmptyLines where first?.isEmpty == true { first = lines.next() }
        guard let first else {
            // TLS and the like are told at once, not when their patience ends.
            try checkMethod(lines.rest)
            return try incomplete(bytes)
        }
        let requestLine = try RequestLine(first)
        var fields = HeaderFields()
        while let line = lines.next() {
            if line.isEmpty {
                guard lines.position <= EndpointLimits.headBytes else { return try incomplete(bytes) }
                return .request(try fields.head(of: requestLine), length: lines.position)
            }
            try fields.add(line)
        }
        return try incomplete(bytes)
    }

    private static func incomplete(_ bytes: [UInt8]) throws(Refusal) -> ParsedHead {
        guard bytes.count < EndpointLimits.headBytes else {
            throw Refusal(.headTooLarge, "the request's head is larger than \(EndpointLimits.headBytes) bytes")
        }
        return .incomplete
    }

    private static func checkMethod(_ bytes: ArraySlice<UInt8>) throws(Refusal) {
        let method = bytes.prefix { isToken($0) }
        guard
            method.endIndex == bytes.endIndex || !method.isEmpty && isBlank(bytes[method.endIndex])
                || isEndOfLine(bytes[method.endIndex])
        else { throw Refusal("this is no HTTP request; the endpoint speaks HTTP/1.1 without TLS") }
    }

    /// Lines with the newline behind them, without it (§2.2: a newline alone is one too).
    private struct Lines {
        let bytes: [UInt8]
        private(set) var position = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        var rest: ArraySlice<UInt8> { bytes[position...] }

        mutating func next() -> ArraySlice<UInt8>? {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            var line = bytes[position..<end]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            position = end + 1
            return line
        }
    }
}

/// `GET /metrics HTTP/1.1`
struct RequestLine {
    let method: RequestHead.Method
    let path: String
    /// HTTP/1.0.
    let isOld: Bool

    init(_ line: ArraySlice<UInt8>) throws(RequestParser.Refusal) {
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 3, !words[0].isEmpty, words[0].allSatisfy(isToken) else {
            throw RequestParser.Refusal("the first line is no HTTP request line")
        }
        isOld = try Self.isOld(words[2])
        path = try Self.path(words[1])
        switch String(decoding: words[0], as: UTF8.self) {
        case "GET": method = .get
        case "HEAD": method = .head
        default: throw RequestParser.Refusal(.methodNotAllowed, "only GET and HEAD are answered")
        }
    }

    private static func isOld(_ word: ArraySlice<UInt8>) throws(RequestParser.Refusal) -> Bool {
        let version = Array(word)
        guard version.count == 8, version.starts(with: "HTTP/".utf8), isDigit(version[5]),
            version[6] == UInt8(ascii: "."), isDigit(version[7])
        else { throw RequestParser.Refusal("the first line names no version of HTTP") }
        guard version[5] == UInt8(ascii: "1") else {
            throw RequestParser.Refusal(.versionNotSupported, "only HTTP/1.1 and HTTP/1.0 are spoken here")
        }
        return version[7] == UInt8(ascii: "0")
    }

    /// Of `/path?query`, or of a whole URL (§3.2.2).
    private static func path(_ word: ArraySlice<UInt8>) throws(RequestParser.Refusal) -> String {
        let isText = word.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "#") }
        guard isText, let first = word.first else { throw RequestParser.Refusal("the request names no path") }
        let target = String(decoding: word, as: UTF8.self)
        let path = target.prefix { $0 != "?" }
        if first == UInt8(ascii: "/") || target == "*" { return String(path) }
        let parts = path.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, ["http:", "https:"].contains(parts[0].lowercased()), parts[1].isEmpty,
            !parts[2].isEmpty
        else { throw RequestParser.Refusal("the request names no path; it should be like /metrics") }
        return parts.count == 3 ? "/" : "/" + parts[3]
    }
}

/// The headers that count.
struct HeaderFields {
    private var hosts = 0
    private var hasBody = false
    private var accept = ""
    private var connection: [String] = []

    mutating func add(_ line: ArraySlice<UInt8>) throws(RequestParser.Refusal) {
        // A line that begins with a blank would go on with the one before, which is history (§5.2).
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            line[..<colon].allSatisfy(isToken)
        else { throw RequestParser.Refusal("a line is no header field") }
        let value = line[(colon + 1)...]
        guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == UInt8(ascii: "\t") }) else {
            throw RequestParser.Refusal("a header field has control characters")
        }
        try add(String(decoding: line[..<colon], as: UTF8.self).lowercased(), trimmed(value))
    }

    private mutating func add(_ name: String, _ value: String) throws(RequestParser.Refusal) {
        switch name {
        case "host":
            hosts += 1
        case "content-length":
            guard !value.isEmpty, value.utf8.allSatisfy(isDigit) else {
                throw RequestParser.Refusal("Content-Length is no number")
            }
            if value.utf8.contains(where: { $0 != UInt8(ascii: "0") }) { hasBody = true }
        case "transfer-encoding":
            hasBody = true
        case "accept":
            // Several are one with commas.
            accept += accept.isEmpty ? value : "," + value
        case "connection":
            connection += value.lowercased().utf8.split(separator: UInt8(ascii: ",")).map { trimmed(Array($0)[...]) }
        default: break
        }
    }

    func head(of line: RequestLine) throws(RequestParser.Refusal) -> RequestHead {
        guard hosts == 1 || line.isOld && hosts == 0 else {
            throw RequestParser.Refusal("the request must have one Host header")
        }
        if hasBody { throw RequestParser.Refusal("a request with a body is not answered here") }
        let keepsAlive = line.isOld ? connection.contains("keep-alive") : !connection.contains("close")
        return RequestHead(method: line.method, path: line.path, keepsAlive: keepsAlive, accept: accept)
    }
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

private func isEndOfLine(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n") }

/// What names of methods and headers are made of (RFC 9110 §5.6.2).
private func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"):
        true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}

private func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
    var part = bytes.drop(while: isBlank)
    while let last = part.last, isBlank(last) { part.removeLast() }
    return String(decoding: part, as: UTF8.self)
}
