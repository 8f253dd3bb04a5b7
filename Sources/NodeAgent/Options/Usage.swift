// SPDX-License-Identifier: Apache-2.0

/// The text of `agent --help`, made from the flag table.
package enum Usage {
    package static var text: String {
        """
        Usage: agent --aggregator HOST:PORT --ca-file FILE --token-file FILE [flags]
               agent --dump [-o FORMAT] [flags]
               agent --explain TARGET [flags]
               agent --doctor [flags]
               agent --capture FILE.tar [flags]

        Reads this node's cgroup CPU and memory accounting and pushes it to the aggregator,
        or, with --dump, prints it.

        Where to push:
        \(table(AgentFlag.connection))

        The node:
        \(table(AgentFlag.node))

        Its own health:
        \(table(AgentFlag.endpoint))

        A node's files, looked at elsewhere:
        \(table(AgentFlag.capture))

        Output:
        \(table(AgentFlag.output))
        \(table(AgentFlag.dumping))
        \(table(AgentFlag.explain))
        \(table(AgentFlag.doctor))

        This program:
        \(table(AgentFlag.about + AgentFlag.answered))

        """
    }

    /// Column at which the explanations begin.
    private static let column = 33

    /// What a terminal shows without breaking words.
    private static let width = 100

    private static func table(_ flags: [AgentFlag]) -> String {
        flags.map { flag in
            row(
                short: flag.short, spelling: "--\(flag.name)" + (flag.argument.map { " \($0)" } ?? ""), help: flag.help)
        }.joined(separator: "\n")
    }

    private static func row(short: Character?, spelling: String, help: String) -> String {
        let left = "  " + (short.map { "-\($0), " } ?? "    ") + spelling
        let gap = left.count + 2 > column ? "\n" + spaces(column) : spaces(column - left.count)
        return left + gap + wrapped(help).joined(separator: "\n" + spaces(column))
    }

    private static func wrapped(_ text: String) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width - column {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    private static func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }
}
