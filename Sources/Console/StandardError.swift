// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Text for a person, apart from a program's output.
public enum StandardError {
    public static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            // Nowhere to complain when it cannot be written.
            _ = unsafe Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }
}

/// A program's output.
public enum StandardOutput {
    /// - Returns: false when not all of it could be written, as when a pipe's reader has gone.
    @discardableResult
    public static func write(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var offset = 0
            while offset < bytes.count {
                guard let start = bytes.baseAddress else { return true }
                let count = unsafe Glibc.write(STDOUT_FILENO, start + offset, bytes.count - offset)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return false }
                offset += count
            }
            return true
        }
    }
}
