// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MetricsAPI

struct FieldSelectorTests {
    static func names(of resource: String, _ selector: String) throws -> [String] {
        let answer = ask("\(base)/\(resource)", query: "fieldSelector=\(encoded(selector))")
        #expect(answer.status == 200)
        return try #require(try answer.json()["items"]?.items).compactMap { $0["metadata"]?["name"]?.text }
    }

    @Test(
        "pods are chosen by name and namespace",
        arguments: [
            ("metadata.name=pod-0-1", ["pod-0-1"]), ("metadata.name==pod-0-1", ["pod-0-1"]),
            ("metadata.namespace=ns-1,metadata.name!=pod-0-1", ["pod-1-1", "pod-2-1"]),
            (
                "metadata.namespace!=ns-1,metadata.namespace!=ns-2,metadata.namespace!=ns-3",
                ["pod-0-0", "pod-1-0", "pod-2-0"]
            ),
            ("metadata.name=", []), ("metadata.name=nope", []), (",metadata.name=pod-0-1,", ["pod-0-1"]),
            ("metadata.name=pod\\,x", []), ("metadata.name=pod-0-1,metadata.name=pod-0-2", []),
        ])
    func pods(selector: String, names: [String]) throws {
        #expect(try Self.names(of: "pods", selector) == names)
    }

    @Test(
        "nodes are chosen by name; their namespace is the empty one",
        arguments: [
            ("metadata.name=node-1", ["node-1"]), ("metadata.name!=node-1", ["node-0", "node-2"]),
            ("metadata.namespace=x", []), ("metadata.namespace!=x", ["node-0", "node-1", "node-2"]),
        ])
    func nodes(selector: String, names: [String]) throws {
        #expect(try Self.names(of: "nodes", selector) == names)
    }

    @Test(
        "a bad selector is refused in the peer's words",
        arguments: [
            ("garbage", "invalid selector: 'garbage'; can't understand 'garbage'"),
            ("metadata.name=a,garbage", "invalid selector: 'metadata.name=a,garbage'; can't understand 'garbage'"),
            (
                "spec.nodeName=n",
                #""spec.nodeName" is not a known field selector: only "metadata.name", "metadata.namespace""#
            ),
            // Terms are sorted before they are looked at.
            ("z=1,b=1", #""b" is not a known field selector: only "metadata.name", "metadata.namespace""#),
            ("=x", #""" is not a known field selector: only "metadata.name", "metadata.namespace""#),
            (#"metadata.name=a\x"#, #"invalid field selector: invalid escape sequence: \x"#),
            (#"metadata.name=a\"#, #"invalid field selector: invalid escape sequence: \"#),
            ("metadata.name=a=b", "invalid field selector: unescaped character in value: 61"),
        ])
    func messages(selector: String, message: String) throws {
        let answer = ask("\(base)/pods", query: "fieldSelector=\(encoded(selector))")
        #expect(answer.status == 400)
        #expect(try answer.json()["message"] == .string(message))
    }

    @Test("escapes stand for themselves")
    func escapes() throws {
        let selector = try FieldSelector(parsing: #"f=a\,b\=c\\d"#)
        #expect(selector.terms == [.init(field: "f", value: #"a,b=c\d"#, negated: false)])
        #expect(try FieldSelector(parsing: "").isEmpty)
    }

    @Test("a selector of a great many terms is refused")
    func caps() {
        let most = [String](repeating: "a=b", count: FieldSelector.maxTerms + 1).joined(separator: ",")
        #expect(throws: FieldSelector.ParseError.self) { try FieldSelector(parsing: most) }
    }
}
