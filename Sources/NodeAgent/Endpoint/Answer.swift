// SPDX-License-Identifier: Apache-2.0
import Console
import Glibc

/// What a client is sent back.
struct Answer: Equatable, Sendable {
    var status: HTTPStatus
    var contentType = "text/plain; charset=utf-8"
    var body: [UInt8]

    /// One line for a person.
    init(_ status: HTTPStatus, _ line: String) {
        self.status = status
        body = Array((line + "\n").utf8)
    }

    init(page: String, contentType: String) {
        status = .ok
        self.contentType = contentType
        body = Array(page.utf8)
    }

    /// Status line and headers.
    func head(keepsAlive: Bool, unixSeconds: Int64 = LogLine.now() / 1_000_000_000) -> [UInt8] {
        var text = "HTTP/1.1 \(status.rawValue) \(status.reason)\r\n"
        if let date = Self.date(unixSeconds) { text += "Date: \(date)\r\n" }
        text += "Content-Type: \(contentType)\r\nContent-Length: \(body.count)\r\n"
        // Figures are of the moment, and a browser is to take them for text.
        text += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        if status == .methodNotAllowed { text += "Allow: GET, HEAD\r\n" }
        text += "Connection: \(keepsAlive ? "keep-alive" : "close")\r\n\r\n"
        return Array(text.utf8)
    }

    /// RFC 9110 §5.6.7. The process keeps the C locale, so the names are English.
    private static func date(_ unixSeconds: Int64) -> String? {
        var time = time_t(unixSeconds)
        var fields = unsafe tm()
        guard unsafe gmtime_r(&time, &fields) != nil else { return nil }
        var text = [CChar](repeating: 0, count: 40)
        let count = unsafe strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &fields)
        return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
