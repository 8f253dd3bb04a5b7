// SPDX-License-Identifier: Apache-2.0
import Console
import Glibc

/// A POSIX extended regular expression (`regcomp(3)`) over names of pods.
@safe final class PodPattern {
    private var compiled: regex_t

    /// - Throws: what the C library says of the pattern.
    init(_ pattern: String) throws(FlagError) {
        var compiled = unsafe regex_t()
        let code = unsafe regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB)
        guard code == 0 else { throw unsafe Self.problem(code, &compiled, pattern) }
        unsafe self.compiled = compiled
    }

    deinit { unsafe regfree(&compiled) }

    func matches(_ name: String) -> Bool { unsafe regexec(&compiled, name, 0, nil, 0) == 0 }

    private static func problem(_ code: Int32, _ compiled: inout regex_t, _ pattern: String) -> FlagError {
        // The library's longest sentence is far shorter.
        var buffer = [CChar](repeating: 0, count: 128)
        _ = unsafe regerror(code, &compiled, &buffer, buffer.count)
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return FlagError("\"\(pattern)\" is not a regular expression: \(text)")
    }
}
