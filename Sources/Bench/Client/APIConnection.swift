// SPDX-License-Identifier: Apache-2.0
import TLS

/// A connection that asks one question after another, HTTP/1.1 over TLS, and takes the whole answer before the next.
struct APIConnection: ~Copyable {
    struct Answer {
        let status: Int
        /// By name in lower case.
        let headers: [String: String]
        var body: [UInt8] = []
    }

    /// Far more than any list here.
    private static let mostBody = 1 << 30
    private static let mostLine = 64 << 10

    private var stream: TLSStream
    private let headers: String
    private var input: [UInt8] = []
    private var offset = 0

    init(stream: consuming TLSStream, headers: String) {
        self.stream = stream
        self.headers = headers
    }

    /// - Parameters:
    ///   - path: with its query, escaped.
    ///   - encoding: that the answer may be compressed with.
    mutating func get(
        _ path: String, accept: String = "*/*", encoding: String? = nil, deadline: Deadline
    ) throws -> Answer {
        var request = "GET \(path) HTTP/1.1\r\n\(headers)Accept: \(accept)\r\nUser-Agent: bench\r\n"
        if let encoding { request += "Accept-Encoding: \(encoding)\r\n" }
        try stream.write(Array((request + "\r\n").utf8), deadline: deadline)
        let words = try line(deadline).split(separator: " ")
        guard words.count > 1, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            throw BenchError("GET \(path) was not answered in HTTP/1.1")
        }
        var fields: [String: String] = [:]
        while true {
            let line = try line(deadline)
            guard let colon = line.firstIndex(of: ":") else { break }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            fields[line[..<colon].lowercased()] = String(value)
        }
        var answer = Answer(status: status, headers: fields)
        if fields["transfer-encoding"] == "chunked" {
            try readChunks(into: &answer.body, deadline)
        } else {
            guard let count = fields["content-length"].flatMap({ Int($0) }) else {
                throw BenchError("GET \(path): the answer does not say how long it is")
            }
            try read(count, into: &answer.body, deadline)
        }
        return answer
    }

    consuming func close(deadline: Deadline) { stream.close(deadline: deadline) }

    private mutating func readChunks(into body: inout [UInt8], _ deadline: Deadline) throws {
        while true {
            let size = try line(deadline).prefix { $0 != ";" }
            guard let count = Int(size, radix: 16) else { throw BenchError("\"\(size)\" is no size of a chunk") }
            try read(count, into: &body, deadline)
            // The end of the chunk, or of the trailer.
            while try !line(deadline).isEmpty {}
            if count == 0 { return }
        }
    }

    private mutating func read(_ count: Int, into body: inout [UInt8], _ deadline: Deadline) throws {
        guard count >= 0, body.count + count <= Self.mostBody else {
            throw BenchError("an answer has more than \(Self.mostBody) bytes")
        }
        // Not for each chunk: exact room again and again would move all of a large body each time.
        if body.isEmpty { body.reserveCapacity(count) }
        var left = count
        while left > 0 {
            if offset == input.count { try fill(deadline) }
            let taken = min(left, input.count - offset)
            body += input[offset..<offset + taken]
            offset += taken
            left -= taken
        }
    }

    /// Without its end.
    private mutating func line(_ deadline: Deadline) throws -> String {
        while true {
            if let end = input[offset...].firstIndex(of: UInt8(ascii: "\n")) {
                var line = input[offset..<end]
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                offset = end + 1
                return String(decoding: line, as: UTF8.self)
            }
            guard input.count - offset < Self.mostLine else { throw BenchError("an answer's line does not end") }
            try fill(deadline)
        }
    }

    private mutating func fill(_ deadline: Deadline) throws {
        if offset == input.count {
            input.removeAll(keepingCapacity: true)
            offset = 0
        }
        guard try stream.read(into: &input, maximum: 16 << 10, deadline: deadline) > 0 else {
            throw BenchError("the aggregator ended the connection in the middle of an answer")
        }
    }
}
