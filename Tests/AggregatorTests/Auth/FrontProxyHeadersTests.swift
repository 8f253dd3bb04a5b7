// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import NIOHTTP1
import Testing

@testable import Aggregator

@Suite("Whom a front proxy speaks for")
struct FrontProxyHeadersTests {
    private let names = FrontProxyHeaders()

    @Test("name, uid, groups and extra fields come from the headers, whatever their case")
    func all() {
        let user = names.user(in: [
            "x-remote-user": "jane", "X-REMOTE-UID": "u-1", "X-Remote-Group": "dev",
            "x-remote-group": "system:authenticated",
            "X-Remote-Extra-Scopes": "a", "x-remote-extra-scopes": "b", "X-Remote-Extra-Acme.com%2fProject": "p",
        ])
        #expect(
            user
                == KubeUser(
                    name: "jane", uid: "u-1", groups: ["dev", "system:authenticated"],
                    extra: ["scopes": ["a", "b"], "acme.com/project": ["p"]]))
    }

    @Test("without a name there is no user, whatever else is said", arguments: [HTTPHeaders(), ["X-Remote-User": ""]])
    func nameless(headers: HTTPHeaders) {
        var headers = headers
        headers.add(name: "X-Remote-Group", value: "system:masters")
        #expect(names.user(in: headers) == nil)
    }

    @Test("of several headers for the name the first with a value counts, of those for groups all")
    func several() {
        var names = FrontProxyHeaders()
        names.usernames = ["X-First", "X-Second"]
        names.groups = ["X-Group", "X-Team"]
        let user = names.user(in: [
            "X-Second": "second", "X-First": "first", "X-Team": "t", "X-Group": "g", "X-Remote-User": "other",
        ])
        #expect(user?.name == "first")
        #expect(user?.groups == ["g", "t"])
        #expect(names.user(in: ["X-First": "", "X-Second": "second"])?.name == "second")
    }

    @Test("no header is an extra field where no prefix is configured")
    func noPrefix() {
        var names = FrontProxyHeaders()
        names.extraPrefixes = []
        #expect(names.user(in: ["X-Remote-User": "jane", "X-Remote-Extra-A": "b"])?.extra == [:])
    }

    @Test(
        "a key that does not decode stays as it is",
        arguments: [
            ("a%2fb", "a/b"), ("a%2", "a%2"), ("a%zz", "a%zz"), ("a%+f", "a%+f"), ("a%-0", "a%-0"), ("%C3%A4", "ä"),
            ("", ""),
        ])
    func escapes(key: String, expected: String) {
        let user = names.user(in: ["X-Remote-User": "jane", "X-Remote-Extra-\(key)": "v"])
        #expect(user?.extra == [expected: ["v"]])
    }
}
