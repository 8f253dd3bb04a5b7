// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A directory of small files that only their owner may read.
struct StateDirectory: Sendable {
    let path: String

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Larger files are not ours.
    private static let largestFile = 1 << 20

    /// Makes the directory if it is not there.
    init(path: String) throws(Failure) {
        self.path = path
        guard mkdir(path, 0o700) == 0 || errno == EEXIST && Self.isDirectory(path) else {
            throw Self.failure("cannot make \(path)", wayOut: "name a directory that can be written")
        }
    }

    /// Sets errno where it is not.
    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        if status.st_mode & S_IFMT == S_IFDIR { return true }
        errno = ENOTDIR
        return false
    }

    func path(of name: String) -> String { "\(path)/\(name)" }

    /// nil when there is no such file.
    func read(_ name: String) throws(Failure) -> [UInt8]? {
        let descriptor = open(path(of: name), O_RDONLY | O_CLOEXEC)
        if descriptor < 0 {
            if errno == ENOENT { return nil }
            throw Self.failure("cannot read \(path(of: name))")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= Self.largestFile {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.failure("cannot read \(path(of: name))")
            }
            bytes.append(contentsOf: chunk[..<count])
        }
        throw Failure(
            description: "--state-dir: \(path(of: name)) is larger than 1 MiB and not a file of this program; "
                + "name a directory of its own")
    }

    /// Replaces a file whole: a reader sees the old bytes or the new ones, and nobody but the owner sees either.
    func write(_ name: String, _ bytes: [UInt8]) throws(Failure) {
        let temporary = path(of: ".\(name).\(getpid())")
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw writeFailure(name) }
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + offset, bytes.count - offset)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let failure = writeFailure(name)
                close(descriptor)
                unlink(temporary)
                throw failure
            }
            offset += count
        }
        close(descriptor)
        guard rename(temporary, path(of: name)) == 0 else {
            let failure = writeFailure(name)
            unlink(temporary)
            throw failure
        }
    }

    private func writeFailure(_ name: String) -> Failure { Self.failure("cannot write \(path(of: name))") }

    /// What failed, why according to `errno`, and the way out.
    private static func failure(
        _ what: String, wayOut: String = "name a directory that can be read and written"
    ) -> Failure {
        let reason = String(cString: strerror(errno))
        return Failure(description: "--state-dir: \(what): \(reason); \(wayOut)")
    }
}
