// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing

@testable import Aggregator

@Suite("The CAs in the replicas' Secret")
struct AuthoritySetTests {
    private let current = TestPKI.shared.authority
    private let other = TestPKI.shared.stranger

    private func reason(_ data: [String: [UInt8]]) -> String? {
        do throws(AuthoritySet.Unusable) {
            _ = try AuthoritySet(data: data)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("a set comes back as it was written, and peers trust all of it, the signing CA first")
    func roundTrip() throws {
        let set = AuthoritySet(current: current, next: other, previousPEM: other.certificatePEM)
        let read = try AuthoritySet(data: set.data)
        #expect(read.current.certificatePEM == current.certificatePEM && read.current.keyPEM == current.keyPEM)
        #expect(read.next?.certificatePEM == other.certificatePEM && read.next?.keyPEM == other.keyPEM)
        #expect(read.previousPEM == other.certificatePEM)
        #expect(read.data == set.data)
        #expect(read.bundlePEM == current.certificatePEM + other.certificatePEM + other.certificatePEM)
    }

    @Test("a set of one CA has nothing else in it")
    func alone() throws {
        let set = try AuthoritySet(data: AuthoritySet(current: current).data)
        #expect(set.next == nil && set.previousPEM == nil)
        #expect(Set(set.data.keys) == ["ca.crt", "ca.key"])
        #expect(set.bundlePEM == current.certificatePEM)
    }

    @Test("a CA without its certificate or its key is missing", arguments: ["ca.crt", "ca.key"])
    func missing(key: String) {
        var data = AuthoritySet(current: current).data
        data[key] = nil
        #expect(reason(data) == "ca.crt and ca.key are missing")
    }

    @Test(
        "garbage is not usable, and the keys are named",
        arguments: [
            ("ca.crt", "ca.crt and ca.key: "), ("ca.key", "ca.crt and ca.key: "),
            ("next-ca.crt", "next-ca.crt and next-ca.key: "), ("next-ca.key", "next-ca.crt and next-ca.key: "),
            ("previous-ca.crt", "previous-ca.crt: "),
        ])
    func garbage(key: String, words: String) throws {
        for bytes in [Array("garbage".utf8), Array(current.certificatePEM.prefix(200)), [0, 255]] {
            var data = AuthoritySet(current: current, next: other, previousPEM: other.certificatePEM).data
            data[key] = bytes
            let text = try #require(reason(data))
            #expect(text.hasPrefix(words), "\(text)")
        }
    }

    @Test("the key of another CA is not usable, nor is a certificate that is no CA's")
    func foreign() throws {
        var data = AuthoritySet(current: current).data
        data["ca.key"] = other.keyPEM
        #expect(reason(data)?.hasPrefix("ca.crt and ca.key: ") == true)
        let leaf = TestPKI.shared.server
        #expect(reason(["ca.crt": leaf.certificatePEM, "ca.key": leaf.keyPEM])?.contains("not one of a CA") == true)
    }

    @Test("an empty earlier CA is none")
    func emptyPrevious() throws {
        var data = AuthoritySet(current: current).data
        data["previous-ca.crt"] = []
        #expect(try AuthoritySet(data: data).previousPEM == nil)
    }
}
