// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The file that a swarm appends a line to for each pod that it replaces.
struct ReplacedPodsFile {
    struct Line {
        let uid: String
        let newName: String
        let newUID: String
    }

    private let descriptor: Int32
    private let path: String
    private var rest: [UInt8] = []

    /// Makes the file, empty.
    init(path: String) throws {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BenchError("\(path): \(String(cString: strerror(errno)))") }
    }

    /// What was appended since the last time, a chunk at most.
    mutating func next() throws -> [Line] {
        var chunk = [UInt8](repeating: 0, count: 256 << 10)
        let count = read(descriptor, &chunk, chunk.count)
        guard count >= 0 else { throw BenchError("\(path): \(String(cString: strerror(errno)))") }
        rest += chunk[..<count]
        guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        defer { rest.removeFirst(end + 1) }
        return try String(decoding: rest[..<end], as: UTF8.self).split(separator: "\n").map { line in
            let words = line.split(separator: "\t").map(String.init)
            guard words.count == 6 else { throw BenchError("\(path): \"\(line)\" is no replaced pod") }
            return Line(uid: words[3], newName: words[4], newUID: words[5])
        }
    }
}
