// SPDX-License-Identifier: Apache-2.0
import Glibc
import Wire

/// A token in a file that somebody else rotates, as kubelet does with a projected ServiceAccount token.
package struct CredentialFile: Sendable {
    let path: String

    package init(path: String) { self.path = path }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// White space that a file may have around its token, in bytes.
    private static let slackBytes = 1 << 10

    /// The token, without the white space around it.
    package func read() throws(Failure) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable() }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while text.count <= WireLimits.tokenBytes + Self.slackBytes {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw unreadable() }
            if count == 0 { return try token(in: text) }
            text += chunk[..<count]
        }
        throw tooLarge
    }

    private func token(in text: [UInt8]) throws(Failure) -> String {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
        guard let first = text.firstIndex(where: { !isSpace($0) }), let last = text.lastIndex(where: { !isSpace($0) })
        else { throw failure("is empty") }
        let token = text[first...last]
        guard token.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw failure("holds more than one word of ASCII") }
        guard token.count <= WireLimits.tokenBytes else { throw tooLarge }
        return String(decoding: token, as: UTF8.self)
    }

    private var tooLarge: Failure { failure("is larger than a token can be") }

    private func unreadable() -> Failure {
        failure(unsafe "cannot be read: \(String(cString: strerror(errno)))")
    }

    private func failure(_ problem: String) -> Failure {
        Failure(description: "--token-file: \(path) \(problem); name the file that holds the agent's token")
    }
}
