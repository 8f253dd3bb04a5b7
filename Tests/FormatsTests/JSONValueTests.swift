// SPDX-License-Identifier: Apache-2.0
import Formats
import Testing

@Suite("JSON as RFC 8259 has it") struct JSONValueTests {
    private func parse(_ text: String) -> JSONValue? { JSONValue(parsing: Array(text.utf8)) }

    @Test(
        "every kind of value, with and without blanks",
        arguments: [
            ("null", .null), (" true ", .bool(true)), ("false", .bool(false)), ("0", .int(0)), ("-12", .int(-12)),
            ("9223372036854775807", .int(.max)), ("9223372036854775808", .decimal("9223372036854775808")),
            ("-0.5e+3", .decimal("-0.5e+3")), ("\"\"", .string("")), ("[]", .array([])), ("{ }", .object([])),
            ("[1 ,\n2]", .array([.int(1), .int(2)])),
            (
                "{\"a\" : [ \"b\" ] , \"c\":null}",
                .object([.init(name: "a", value: .array([.string("b")])), .init(name: "c", value: .null)])
            ),
        ] as [(String, JSONValue)])
    func values(text: String, expected: JSONValue) {
        #expect(parse(text) == expected)
    }

    @Test(
        "escapes, also in pairs",
        arguments: [
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u00e4\u20AC""#, "ä€"), (#""\ud83d\ude00""#, "😀"),
            (#""é""#, "é"),
        ])
    func escapes(text: String, expected: String) {
        #expect(parse(text) == .string(expected))
    }

    @Test(
        "what is not JSON is nothing",
        arguments: [
            "", " ", "nul", "truely", "01", "-", "1.", ".5", "1e", "+1", "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud83d\"",
            "\"\\ude00\"", "\"\\ud83dx\"", "\"a\nb\"", "[1,]", "[1 2]", "[", "{\"a\"}", "{\"a\":}", "{a:1}",
            "{\"a\":1,}",
            "1 2", "{} x", "'a'",
        ])
    func malformed(text: String) {
        #expect(parse(text) == nil)
    }

    @Test("bytes that are not UTF-8 are nothing")
    func encoding() {
        #expect(JSONValue(parsing: [0x22, 0xff, 0x22]) == nil)
    }

    @Test("depth is bounded, so that no text overflows the stack")
    func depth() {
        #expect(parse(String(repeating: "[", count: 32) + String(repeating: "]", count: 32)) != nil)
        #expect(parse(String(repeating: "[", count: 33) + String(repeating: "]", count: 33)) == nil)
        #expect(parse(String(repeating: "[", count: 1_000_000)) == nil)
    }

    @Test("members, texts and numbers are asked for by kind")
    func access() throws {
        let value = try #require(parse(#"{"name":"x","names":["a","b"],"mixed":["a",1],"exp":17,"name":"y"}"#))
        #expect(value["name"]?.text == "x")
        #expect(value["names"]?.texts == ["a", "b"])
        #expect(value["mixed"]?.texts == nil)
        #expect(value["exp"]?.integer == 17)
        #expect(value["name"]?.integer == nil)
        #expect(value["none"] == nil)
        #expect(JSONValue.string("x")["name"] == nil)
    }
}
