// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A directory of one test, removed with what is in it.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() {
        var template = Array("/tmp/tls-tests-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("mkdtemp: errno \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        _ = try? ChildProcess.run(["rm", "-rf", path])
    }

    /// The path of a file in here.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Makes a file and returns its path.
    public func write(_ name: String, _ bytes: [UInt8]) -> String {
        let file = file(name)
        let draft = file + ".draft"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        // At once, as whoever reads it meanwhile may expect of a kernel's file or of a mounted Secret.
        guard descriptor >= 0, Glibc.write(descriptor, bytes, bytes.count) == bytes.count, close(descriptor) == 0,
            rename(draft, file) == 0
        else { fatalError("cannot write \(file): errno \(errno)") }
        return file
    }

    public static func read(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        return Array(buffer.prefix(max(0, count)))
    }
}
