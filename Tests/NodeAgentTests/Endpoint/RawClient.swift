// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLS

/// A client that sends what a test wants, byte by byte if need be.
final class RawClient {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    struct Response: Equatable {
        var status: Int
        /// In lower case.
        var headers: [String: String]
        var body: String
    }

    private let descriptor: Int32
    private var received: [UInt8] = []

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        name.sin_port = port.bigEndian
        let result = withUnsafeBytes(of: &name) {
            connect(descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        guard result == 0 else { throw Failure(description: "cannot connect: errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// A small window, so that a peer's writes fill it soon.
    func receiveLittle() {
        var size: Int32 = 4096
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    func get(_ path: String, _ headers: String = "") { send("GET \(path) HTTP/1.1\r\nHost: h\r\n\(headers)\r\n") }

    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends with a reset, as a process that is killed does with data on its way.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// - Returns: false at the end.
    private func receive(_ deadline: Deadline) throws -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, deadline.remainingMilliseconds) > 0 else {
            throw Failure(description: "nothing comes behind: \(String(decoding: received, as: UTF8.self))")
        }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count < 0 { throw Failure(description: "recv: errno \(errno)") }
        received += buffer[..<count]
        return count > 0
    }

    /// The next response.
    func response(isHead: Bool = false, within limit: Duration = .seconds(10)) throws -> Response {
        let deadline = Deadline.after(limit)
        while true {
            if let head = String(decoding: received, as: UTF8.self).firstRange(of: "\r\n\r\n").map({ range in
                String(String(decoding: received, as: UTF8.self)[..<range.lowerBound])
            }) {
                var lines = head.split(separator: "\r\n")
                let words = lines.removeFirst().split(separator: " ", maxSplits: 2)
                guard words.count == 3, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
                    throw Failure(description: "no status line: \(head)")
                }
                var headers: [String: String] = [:]
                for line in lines {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    headers[parts[0].lowercased()] = parts[1].trimmingPrefix(" ").description
                }
                let length = isHead ? 0 : Int(headers["content-length"] ?? "") ?? 0
                let start = head.utf8.count + 4
                if received.count >= start + length {
                    let body = String(decoding: received[start..<start + length], as: UTF8.self)
                    received.removeFirst(start + length)
                    return Response(status: status, headers: headers, body: body)
                }
            }
            guard try receive(deadline) else {
                throw Failure(description: "ended behind: \(String(decoding: received, as: UTF8.self))")
            }
        }
    }

    /// Whether the peer ends the connection, having said nothing more.
    func isClosed(within limit: Duration = .seconds(10)) -> Bool {
        let deadline = Deadline.after(limit)
        while (try? receive(deadline)) == true {}
        return received.isEmpty && !deadline.hasPassed
    }
}
