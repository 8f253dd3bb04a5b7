// SPDX-License-Identifier: Apache-2.0
import Glibc

/// This machine's name.
public enum HostName {
    /// What kubelet takes as the node's name when it is told none: the host name, in lower case; empty when unknown.
    public static var current: String {
        // HOST_NAME_MAX is 64 on Linux; room for more costs nothing.
        var buffer = [UInt8](repeating: 0, count: 256)
        let isKnown = unsafe buffer.withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress else { return false }
            return unsafe gethostname(start.assumingMemoryBound(to: CChar.self), bytes.count - 1) == 0
        }
        guard isKnown else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self).lowercased()
    }
}
