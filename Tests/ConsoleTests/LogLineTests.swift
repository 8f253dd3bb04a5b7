// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Console

@Suite("Log lines")
struct LogLineTests {
    @Test("a line is logfmt with an RFC 3339 time")
    func format() {
        var line = LogLine(level: .info, message: "session open", unixNanoseconds: 1_795_426_809_007_000_000)
        line.field("aggregator", "10.0.0.7:4444")
        line.field("node", "")
        #expect(
            line.text
                == "time=2026-11-23T09:40:09.007Z level=info msg=\"session open\" aggregator=10.0.0.7:4444 node=\"\"")
    }

    @Test("whatever a peer sends stays on one line and cannot steer a terminal")
    func hostile() {
        var line = LogLine(level: .error, message: "x", unixNanoseconds: 0)
        line.field("reason", "a\nlevel=info msg=\"fake\" \u{1b}[31m\u{9b}")
        #expect(line.text.hasSuffix("reason=\"a\\nlevel=info msg=\\\"fake\\\" \\u{1b}[31m\\u{9b}\""))
    }

    @Test("a value with nothing but a C1 control in it is quoted too, and an error's text is escaped alike")
    func lonelyControl() {
        var line = LogLine(level: .error, message: "x", unixNanoseconds: 0)
        line.field("path", "/sys/\u{9b}31m/é")
        #expect(line.text.hasSuffix("path=\"/sys/\\u{9b}31m/é\""))
        #expect("/a\u{1b}[2J\n\u{7f}\u{9b}é".withControlsEscaped == "/a\\u{1b}[2J\\u{a}\\u{7f}\\u{9b}é")
    }

    @Test("an unknown level names the known ones")
    func level() {
        let error = #expect(throws: FlagError.self) { try LogLevel.parse("loud") }
        #expect(error?.message.contains("debug, info, warning, error") == true)
    }
}
