// SPDX-License-Identifier: Apache-2.0
import Console
import Glibc

/// Where a capture goes: a file of its own making, or standard output.
final class CaptureOutput {
    let name: String
    private let descriptor: Int32
    private let path: String?
    private(set) var written = 0
    private var isComplete = false

    /// Sixteen thousand containers make a tenth of it.
    static let maximumBytes = 4 << 30

    init(_ path: String) throws(FlagError) {
        guard path != "-" else {
            guard isatty(STDOUT_FILENO) == 0 else {
                throw FlagError("--capture: standard output is a terminal; name a file, or use | or >")
            }
            (name, descriptor, self.path) = ("standard output", STDOUT_FILENO, nil)
            return
        }
        // Never what somebody else has put there, nor through a link of theirs.
        let opened = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard opened >= 0 else {
            let cause = errno == EEXIST ? "exists already; name a new file" : Self.text(errno)
            throw FlagError("--capture: \(path): \(cause)")
        }
        (name, descriptor, self.path) = (path, opened, path)
    }

    deinit {
        guard let path else { return }
        _ = close(descriptor)
        if !isComplete { _ = unsafe unlink(path) }
    }

    func write(_ bytes: [UInt8]) throws(FlagError) {
        guard written + bytes.count <= Self.maximumBytes else {
            throw FlagError("--capture: more than \(Self.maximumBytes >> 30) GiB; this is not a node's accounting")
        }
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[offset...])
                return unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FlagError("--capture: \(name): \(Self.text(errno))") }
            offset += count
        }
        written += bytes.count
    }

    /// What was written stays.
    func finish() throws(FlagError) {
        // Some filesystems tell only now that there was no room.
        if path != nil, fsync(descriptor) != 0, errno != EINVAL {
            throw FlagError("--capture: \(name): \(Self.text(errno))")
        }
        isComplete = true
    }

    static func text(_ number: Int32) -> String {
        unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
    }
}
