// SPDX-License-Identifier: Apache-2.0
import Glibc

enum TextFile {
    /// More than any file here has: the list of 300,000 pods has 30 MB.
    private static let cap = 64 << 20

    static func read(_ path: String) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw BenchError("\(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while text.count < cap {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw BenchError("\(path): \(String(cString: strerror(errno)))") }
            if count == 0 { return String(decoding: text, as: UTF8.self) }
            text += chunk[..<count]
        }
        throw BenchError("\(path) is larger than \(cap) bytes")
    }
}
