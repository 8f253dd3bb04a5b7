// SPDX-License-Identifier: Apache-2.0
import TLS

/// The CAs that the replicas share, as they stand in their Secret: the one that signs, the one that will, and those that
/// did. Peers trust all of them, so that a rotation is seen by nobody.
struct AuthoritySet: Sendable {
    var current: CertificateAuthority
    /// Published, but not signing yet: peers learn it first.
    var next: CertificateAuthority?
    /// PEM, without keys, the newest first: what they signed may still be in use.
    var previousPEM: [UInt8]?

    /// Keys of the Secret.
    enum Key {
        static let currentCertificate = "ca.crt"
        static let currentKey = "ca.key"
        static let nextCertificate = "next-ca.crt"
        static let nextKey = "next-ca.key"
        static let previousCertificate = "previous-ca.crt"
    }

    /// Why a Secret cannot be used, in words for the operator.
    struct Unusable: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    init(current: CertificateAuthority, next: CertificateAuthority? = nil, previousPEM: [UInt8]? = nil) {
        self.current = current
        self.next = next
        self.previousPEM = previousPEM
    }

    /// - Parameter data: of the Secret.
    init(data: [String: [UInt8]]) throws(Unusable) {
        guard let current = try Self.authority(Key.currentCertificate, Key.currentKey, in: data) else {
            throw Unusable(description: "\(Key.currentCertificate) and \(Key.currentKey) are missing")
        }
        self.current = current
        next = try Self.authority(Key.nextCertificate, Key.nextKey, in: data)
        previousPEM = data[Key.previousCertificate].flatMap { $0.isEmpty ? nil : $0 }
        if let previousPEM {
            do throws(TLSError) {
                _ = try CertificateVerifier(trust: .pem(previousPEM))
            } catch {
                throw Unusable(description: "\(Key.previousCertificate): \(error.message)")
            }
        }
    }

    private static func authority(
        _ certificate: String, _ key: String, in data: [String: [UInt8]]
    ) throws(Unusable) -> CertificateAuthority? {
        guard let certificatePEM = data[certificate], let keyPEM = data[key] else { return nil }
        do throws(TLSError) {
            return try CertificateAuthority(certificatePEM: certificatePEM, keyPEM: keyPEM)
        } catch {
            throw Unusable(description: "\(certificate) and \(key): \(error.message)")
        }
    }

    var data: [String: [UInt8]] {
        var data = [Key.currentCertificate: current.certificatePEM, Key.currentKey: current.keyPEM]
        if let next {
            data[Key.nextCertificate] = next.certificatePEM
            data[Key.nextKey] = next.keyPEM
        }
        data[Key.previousCertificate] = previousPEM
        return data
    }

    /// Whether this CA's certificate is among those that did sign.
    func previouslyTrusted(_ certificatePEM: [UInt8]) -> Bool {
        guard let previousPEM, !certificatePEM.isEmpty else { return false }
        return previousPEM.indices.contains { previousPEM[$0...].starts(with: certificatePEM) }
    }

    /// What peers trust: PEM, the signing CA first.
    var bundlePEM: [UInt8] { current.certificatePEM + (next?.certificatePEM ?? []) + (previousPEM ?? []) }
}
