// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing

@testable import Aggregator

@Suite("What the API server publishes about its front proxy")
struct ExtensionAuthenticationTests {
    private static let pem = String(decoding: TestPKI.shared.authority.certificatePEM, as: UTF8.self)

    /// As a 1.20 API server writes it.
    private static let published = [
        "client-ca-file": pem, "requestheader-client-ca-file": pem,
        "requestheader-allowed-names": "[\"front-proxy-client\"]",
        "requestheader-extra-headers-prefix": "[\"X-Remote-Extra-\"]",
        "requestheader-group-headers": "[\"X-Remote-Group\"]",
        "requestheader-username-headers": "[\"X-Remote-User\"]",
    ]

    @Test("everything is read as it is published")
    func complete() throws {
        let read = try ExtensionAuthentication(data: Self.published)
        #expect(read.clientCA == Self.pem)
        #expect(read.frontProxyCA == Self.pem)
        #expect(read.allowedNames == ["front-proxy-client"])
        #expect(read.headers == FrontProxyHeaders())
        let trust = try read.trust()
        #expect(trust.frontProxy?.allowedNames == ["front-proxy-client"])
        #expect(trust.users != nil)
    }

    @Test("what is not published stays open or absent, not wrong")
    func absent() throws {
        let nothing = try ExtensionAuthentication(data: [:])
        #expect(nothing == ExtensionAuthentication())
        let trust = try nothing.trust()
        #expect(trust.frontProxy == nil && trust.users == nil)
        let clientOnly = try ExtensionAuthentication(data: [
            "client-ca-file": Self.pem, "requestheader-client-ca-file": "",
        ])
        #expect(clientOnly.frontProxyCA == nil)
    }

    @Test("an empty or null list is a list", arguments: ["[]", "null", " [ ] "])
    func empty(text: String) throws {
        var data = Self.published
        data["requestheader-allowed-names"] = text
        #expect(try ExtensionAuthentication(data: data).allowedNames == [])
    }

    @Test(
        "a list that is none is an error that names its key",
        arguments: [
            "requestheader-allowed-names", "requestheader-username-headers", "requestheader-group-headers",
            "requestheader-uid-headers", "requestheader-extra-headers-prefix",
        ], ["front-proxy-client", "{}", "[1]", "[\"a\""])
    func malformed(key: String, text: String) {
        var data = Self.published
        data[key] = text
        #expect(throws: ExtensionAuthentication.Malformed(key: key)) { try ExtensionAuthentication(data: data) }
    }

    @Test("flags come before what is published")
    func overrides() throws {
        var overrides = ExtensionAuthenticationOverrides()
        overrides.allowedNames = ["other"]
        overrides.groupHeaders = []
        overrides.frontProxyCA = "x"
        let effective = overrides.applied(to: try ExtensionAuthentication(data: Self.published))
        #expect(effective.allowedNames == ["other"])
        #expect(effective.headers.groups == [])
        #expect(effective.headers.usernames == ["X-Remote-User"])
        #expect(effective.frontProxyCA == "x")
        #expect(effective.clientCA == Self.pem)
    }

    @Test("a CA that is no certificate gives no trust")
    func badCA() {
        #expect(tlsError { try ExtensionAuthentication(clientCA: "x").trust() }?.code == .emptyTrust)
    }

    @Test("any name of the CA's is allowed where none is listed, and only the listed ones elsewhere")
    func allowedNames() throws {
        let verifier = try TestPKI.shared.verifier()
        func allows(_ names: [String], _ commonName: String?) -> Bool {
            ClientTrust.FrontProxy(verifier: verifier, allowedNames: names, headers: FrontProxyHeaders())
                .allows(PeerCertificate(commonName: commonName, notAfterUnixSeconds: 0))
        }
        #expect(allows([], "anyone") && allows([], nil))
        #expect(allows(["a", "b"], "b"))
        #expect(!allows(["a"], "A") && !allows(["a"], nil) && !allows([""], nil))
    }
}
