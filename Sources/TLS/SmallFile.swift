// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Whole-file reads of certificates, keys and other credentials.
public enum SmallFile {
    /// A CA bundle of every public root is about 230 kB; anything past this is not a certificate file.
    static let maximumBytes = 4 << 20

    /// Reads to the end of the file, never trusting its stated size. Blocks.
    ///
    /// - Throws: `fileUnreadable`, naming the path.
    public static func read(_ path: String) throws(TLSError) -> [UInt8] {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TLSError(.fileUnreadable, "cannot open \(path): \(systemMessage(errno))")
        }
        defer { _ = Glibc.close(descriptor) }
        var contents: [UInt8] = []
        while true {
            var count = 0
            var failure: Int32 = 0
            contents.append(addingCapacity: 16384) { span in
                unsafe span.withUnsafeMutableBufferPointer { buffer, initialized in
                    repeat {
                        unsafe count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                    } while count < 0 && errno == EINTR
                    failure = errno
                    initialized = max(0, count)
                }
            }
            if count < 0 { throw TLSError(.fileUnreadable, "cannot read \(path): \(systemMessage(failure))") }
            if count == 0 { return contents }
            if contents.count > maximumBytes {
                throw TLSError(
                    .fileUnreadable, "\(path) is larger than \(maximumBytes >> 20) MiB; is it the right file?")
            }
        }
    }
}

/// The kernel's words for an errno.
func systemMessage(_ code: Int32) -> String {
    var text = [CChar](repeating: 0, count: 128)
    guard unsafe strerror_r(code, &text, text.count) == 0 else { return "error \(code)" }
    return text.asCString
}

extension [CChar] {
    /// The text before the first NUL of a buffer that C filled.
    var asCString: String {
        String(decoding: prefix { $0 != 0 }.lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
