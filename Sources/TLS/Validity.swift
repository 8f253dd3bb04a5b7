// SPDX-License-Identifier: Apache-2.0
import Calendar

/// How long a bundle of CAs is still good for.
public struct Validity: Equatable, Sendable {
    /// Whoever renews CAs by hand needs some time. Seconds.
    public static let soon: Int64 = 14 * 86_400

    public enum State: Equatable, Sendable {
        case good
        case endsSoon
        /// No certificate of the bundle is valid.
        case notValid
    }

    public let state: State
    /// Such as `CN=ca until 2027-01-01`, for each certificate.
    public let text: String

    /// - Parameter now: Unix time in seconds.
    public init(_ certificates: [CertificateFacts], now: Int64) {
        let valid = certificates.filter { $0.notBeforeUnixSeconds <= now && now < $0.notAfterUnixSeconds }
        if let last = valid.map(\.notAfterUnixSeconds).max() {
            state = last - now < Self.soon ? .endsSoon : .good
        } else {
            state = .notValid
        }
        text = certificates.map { certificate in
            let day = Self.day(
                now < certificate.notBeforeUnixSeconds
                    ? certificate.notBeforeUnixSeconds : certificate.notAfterUnixSeconds)
            if now < certificate.notBeforeUnixSeconds { return "\(certificate.subject) not valid before \(day)" }
            if now >= certificate.notAfterUnixSeconds { return "\(certificate.subject) expired \(day)" }
            return "\(certificate.subject) until \(day)"
        }.joined(separator: ", ")
    }

    public static func day(_ unixSeconds: Int64) -> String {
        String(UTCTime(unixSeconds: unixSeconds).rfc3339.prefix { $0 != "T" })
    }
}
