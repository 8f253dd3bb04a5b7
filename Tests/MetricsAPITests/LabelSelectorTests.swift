// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MetricsAPI

struct LabelSelectorTests {
    static let labels = Labels(["app": "web", "tier": "t1", "empty": "", "n": "10", "example.com/x": "y", "in": "out"])

    @Test(
        "a selector matches as in apimachinery",
        arguments: [
            ("", true), ("   ", true), ("app", true), ("!app", false), ("nope", false), ("!nope", true),
            ("app=web", true), ("app==web", true), ("app = web", true), ("app=", false), ("empty=", true),
            ("empty", true), ("nope=", false), ("nope!=", true), ("app!=web", false), ("app!=db", true),
            ("nope!=x", true), ("app in (web)", true), ("app in (db,web)", true), ("app in (db, cache)", false),
            ("app notin (db)", true), ("app notin (web,db)", false), ("nope notin (x)", true), ("nope in (x)", false),
            ("app in (,web)", true), ("empty in (,x)", true), ("empty in (,)", true), ("empty in (x,)", true),
            ("empty in (x,,y)", true), ("app in (,)", false), ("app in (in)", false), ("in=out", true),
            ("in in (out)", true), ("notin notin (x)", true), ("app,tier=t1", true), ("app,tier=t2", false),
            ("app=web,tier in (t1,t2),!nope,n>5", true), ("n>5", true), ("n>10", false), ("n<11", true),
            ("n<10", false),
            ("n > 9", true), ("app>5", false), ("nope<5", false), ("example.com/x=y", true), ("example.com/x", true),
            ("app=web,", nil), (",", nil), ("app=web tier=t1", nil), ("app in", nil), ("app in (", nil),
            ("app in (web", nil), ("app in ()", nil), ("app in web", nil), ("(app)", nil), ("=web", nil), ("!", nil),
            ("!!app", nil), ("!app=web", nil), ("app===web", nil), ("app=!web", nil), ("app=(web)", nil),
            ("app>x", nil),
            ("app>-5", nil), ("app<", nil), ("app in (a b)", nil), ("app notin", nil), ("a b", nil), ("x y=z", nil),
        ] as [(String, Bool?)])
    func matching(selector: String, matches: Bool?) {
        let parsed = try? LabelSelector(parsing: selector)
        #expect(parsed?.matches(Self.labels) == matches)
    }

    static let nameRule =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
        + "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    static let valueRule =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
        + "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
        + "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
    static let subdomainRule =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
        + "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    static let long = String(repeating: "a", count: 64)

    @Test(
        "a bad selector is refused in the peer's words",
        arguments: [
            ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("a in b", "unable to parse requirement: found 'b' expected: '('"),
            ("a in", "unable to parse requirement: found '' expected: '('"),
            ("a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"),
            ("a in (=", "unable to parse requirement: found '=', expected: ',', ')' or identifier"),
            ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
            ("a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"),
            ("a in (b,", "unable to parse requirement: found '', expected: ',', or identifier"),
            ("a in (b,=)", "unable to parse requirement: found '=', expected: ',', or identifier"),
            (
                "a in ()",
                "unable to parse requirement: values: Invalid value: []string{}: for 'in', 'notin' operators, "
                    + "values set can't be empty"
            ),
            (",", "found ',', expected: !, identifier, or 'end of string'"),
            ("=a", "found '=', expected: !, identifier, or 'end of string'"),
            ("a,", "found '', expected: identifier after ','"),
            ("a,,b", "found ',', expected: identifier after ','"),
            ("a=b c", "found 'c', expected: ',' or 'end of string'"),
            ("!a=b", "found '=', expected: ',' or 'end of string'"),
            ("!", "unable to parse requirement: found '', expected: identifier"),
            ("!!a", "unable to parse requirement: found '!', expected: identifier"),
            ("a==(", "unable to parse requirement: found '(', expected: identifier"),
            ("a!b", "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"),
            (
                "x/y/z=1",
                "unable to parse requirement: <nil>: Invalid value: \"x/y/z\": a qualified name \(nameRule) with an "
                    + "optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ),
            ("-a=1", "unable to parse requirement: <nil>: Invalid value: \"-a\": name part \(nameRule)"),
            (
                "/a=1",
                "unable to parse requirement: <nil>: Invalid value: \"/a\": prefix part must be non-empty"
            ),
            (
                "a/=1",
                "unable to parse requirement: <nil>: Invalid value: \"a/\": name part must be non-empty; "
                    + "name part \(nameRule)"
            ),
            ("A.b/c", "unable to parse requirement: <nil>: Invalid value: \"A.b/c\": prefix part \(subdomainRule)"),
            (
                "\(long)=1",
                "unable to parse requirement: <nil>: Invalid value: \"\(long)\": name part must be no more than 63 bytes"
            ),
            ("a=b$", "unable to parse requirement: values[0][a]: Invalid value: \"b$\": \(valueRule)"),
            (
                "a=\(long)",
                "unable to parse requirement: values[0][a]: Invalid value: \"\(long)\": must be no more than 63 bytes"
            ),
            (
                "a in (z$,b,a$)",
                "unable to parse requirement: [values[0][a]: Invalid value: \"a$\": \(valueRule), "
                    + "values[2][a]: Invalid value: \"z$\": \(valueRule)]"
            ),
            (
                "a>b",
                "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value "
                    + "must be an integer"
            ),
            (
                "a<",
                "unable to parse requirement: values[0]: Invalid value: \"\": for 'Gt', 'Lt' operators, the value "
                    + "must be an integer"
            ),
        ])
    func messages(selector: String, message: String) {
        #expect(throws: LabelSelector.ParseError(message: message)) { try LabelSelector(parsing: selector) }
    }

    @Test("keys and values may be as long as the limits, not longer")
    func limits() {
        let name = String(repeating: "a", count: 63)
        let prefix = [String](repeating: String(repeating: "b", count: 49), count: 5).joined(separator: ".") + ".ccc"
        #expect(prefix.utf8.count == 253)
        #expect(LabelValidation.problems(inKey: "\(prefix)/\(name)").isEmpty)
        #expect(LabelValidation.problems(inKey: "\(prefix)c/\(name)").count == 1)
        #expect(LabelValidation.problems(inKey: "\(prefix)/\(name)a").count == 1)
        #expect(LabelValidation.problems(inValue: name).isEmpty)
        #expect(LabelValidation.problems(inValue: name + "a").count == 1)
        #expect(LabelValidation.problems(inValue: "").isEmpty)
        #expect(LabelValidation.problems(inKey: "é").count == 1)
        #expect(LabelValidation.problems(inKey: "a..b/c").count == 1)
    }

    @Test("a selector of a great many requirements is refused, one of a great many values is not")
    func caps() throws {
        let most = [String](repeating: "!a", count: LabelSelector.maxRequirements).joined(separator: ",")
        #expect(try LabelSelector(parsing: most).requirements.count == LabelSelector.maxRequirements)
        #expect(throws: LabelSelector.ParseError.self) { try LabelSelector(parsing: most + ",!a") }
        let values = (0..<20_000).map { "v\($0)" }.joined(separator: ",")
        let selector = try LabelSelector(parsing: "a in (\(values))")
        #expect(selector.matches(Labels(["a": "v19999"])))
        #expect(!selector.matches(Labels(["a": "v20000"])))
    }

    @Test("a complaint about thousands of values stays short")
    func complaint() throws {
        let values = (0..<20_000).map { "v\($0)$" }.joined(separator: ",")
        let error = #expect(throws: LabelSelector.ParseError.self) { try LabelSelector(parsing: "a in (\(values))") }
        #expect((error?.message.utf8.count ?? .max) < 10_000)
    }

    @Test("labels keep byte order and tell an empty value from no label")
    func labels() {
        let labels = Labels(["b": "2", "a": "", "B": "1", "a.b": "3", "a-b": "4"])
        #expect(labels.pairs.map(\.key) == ["B", "a", "a-b", "a.b", "b"])
        #expect(labels["a"] == "")
        #expect(labels["c"] == nil)
        #expect(Labels.empty.isEmpty)
    }
}
