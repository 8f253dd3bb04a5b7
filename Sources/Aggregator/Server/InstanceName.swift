// SPDX-License-Identifier: Apache-2.0
import Console
import MetricsAPI
import TLS

/// Names one run of the aggregator, so that agents' logs tell replicas and restarts apart.
enum InstanceName {
    static func random() throws(TLSError) -> String {
        try Crypto.randomBytes(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}

extension VersionInfo {
    /// This program's.
    static var current: VersionInfo {
        VersionInfo(
            major: "\(Version.major)", minor: "\(Version.minor)", gitVersion: "v\(Version.text)",
            platform: "linux/\(architecture)")
    }

    /// As Go names it, which is what clients of the API expect.
    private static var architecture: String {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }
}
