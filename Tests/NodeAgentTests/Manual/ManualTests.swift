// SPDX-License-Identifier: Apache-2.0
import TLSTestSupport
import Testing

@testable import NodeAgent

@Suite("The manual page agent(8)")
struct ManualTests {
    private let place = TemporaryDirectory()
    private var page: String { place.write("agent.8", Array(Manual.text.utf8)) }

    /// As a reader sees it, words apart by one blank.
    private func rendered() throws -> String {
        let (status, text) = try ChildProcess.run(["mandoc", "-Tascii", "-Owidth=1000", page])
        #expect(status == 0, "\(text)")
        // Bold and underlined letters are overstruck.
        var plain: [Character] = []
        for character in text { if character == "\u{8}" { plain.removeLast() } else { plain.append(character) } }
        return String(plain).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    @Test("mandoc and groff have nothing to say against it")
    func lint() throws {
        #expect(try ChildProcess.run(["mandoc", "-Tlint", page]) == (0, ""))
        let (status, text) = try ChildProcess.run(["sh", "-c", "groff -ww -man -Tascii \"$0\" 2>&1 >/dev/null", page])
        #expect(status == 0 && text.isEmpty, "\(text)")
    }

    @Test(
        "each flag is there with its argument and its explanation",
        arguments: (AgentFlag.all + AgentFlag.answered).map(\.name))
    func flags(_ name: String) throws {
        let flag = try #require((AgentFlag.all + AgentFlag.answered).first { $0.name == name })
        let text = try rendered()
        let spelling = flag.spellings.joined(separator: ", ") + (flag.argument.map { " \($0)" } ?? "")
        // The explanation begins with a capital letter.
        #expect(text.contains("\(spelling) ") && text.contains(flag.help.dropFirst()), "\(spelling)")
        for choice in flag.choices { #expect(text.contains(choice)) }
    }

    @Test("every section that a reader looks for is there, and the page is ASCII")
    func sections() throws {
        let headings = Manual.text.split(separator: "\n").filter { $0.hasPrefix(".SH ") }.map {
            String($0.dropFirst(4))
        }
        #expect(
            headings == [
                "NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "OUTPUT", "\"EXIT STATUS\"", "ENVIRONMENT", "FILES",
                "EXAMPLES", "\"SEE ALSO\"",
            ])
        #expect(Manual.text.utf8.allSatisfy { $0 < 0x80 })
    }

    @Test("each column of the table is explained, and no other")
    func columns() {
        let report = DumpReport.of([])
        let shown = [true, false].flatMap { DumpColumn.shown(in: report, wide: $0).map(\.title) }
        #expect(Set(Manual.columns.map(\.title)) == Set(shown))
        #expect(Manual.columns.count == Set(shown).count)
    }

    @Test("text that roff would take for its own comes out as it is")
    func escaping() throws {
        let hostile = [
            ".so /etc/passwd", "'br", "a\\fBb", "-x --y", "long " + String(repeating: "word ", count: 40) + ".end",
        ]
        let body = hostile.map { ".PP\n\(Roff.text($0))\n.PP\n\(Roff.bold($0))" }.joined(separator: "\n")
        let file = place.write("x.8", Array(".TH X 8 2026-01-01\n.SH NAME\nx \\- y\n.SH TEXT\nT\n\(body)\n".utf8))
        let (status, text) = try ChildProcess.run(["sh", "-c", "groff -ww -man -Tascii -P-c -P-bou \"$0\" 2>&1", file])
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(status == 0)
        for text in hostile { #expect(words.contains(text), "\(words)") }
    }
}
