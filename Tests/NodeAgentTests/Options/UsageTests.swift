// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import NodeAgent

@Suite("agent --help")
struct UsageTests {
    private let lines = Usage.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)

    @Test("each flag is there with its argument, and so are help and version", arguments: AgentFlag.all.map(\.name))
    func flags(_ name: String) throws {
        let flag = try #require(AgentFlag.all.first { $0.name == name })
        let spelling = "--\(name)" + (flag.argument.map { " \($0)" } ?? "")
        #expect(lines.count { $0.contains("  " + spelling) || $0.contains(", " + spelling) } == 1)
        if let short = flag.short { #expect(lines.contains { $0.contains("-\(short), \(spelling)") }) }
        #expect(Usage.text.contains("-h, --help") && Usage.text.contains("--version"))
    }

    @Test("no line is longer than 100 columns or ends in blanks")
    func width() {
        for line in lines { #expect(line.count <= 100 && line.last != " ", "\(line)") }
        #expect(Usage.text.hasSuffix("\n"))
    }

    @Test("all explanations begin in one column, and none is lost")
    func alignment() throws {
        var columns: Set<Int> = []
        for line in lines where line.hasPrefix("  ") && !line.contains("agent --") {
            let isFlag = line.hasPrefix("  -") || line.hasPrefix("      --")
            var rest = Array(line)[...]
            // Behind the flag, a gap of two blanks or more; a line that only goes on has nothing before it.
            if isFlag {
                let text = rest.dropFirst(6)
                guard let gap = text.indices.dropLast().first(where: { text[$0] == " " && text[$0 + 1] == " " })
                else { continue }
                rest = text[gap...]
            }
            columns.insert(try #require(rest.firstIndex { $0 != " " }))
        }
        #expect(columns.count == 1, "\(columns)")
        let words = Usage.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for flag in AgentFlag.all { #expect(words.contains(flag.help), "\(flag.name)") }
    }
}
