// SPDX-License-Identifier: Apache-2.0

/// The text of `agent --help`, made from the flag table.
package enum Usage {
    package static var text: String {
        """
        Usage: agent --aggregator HOST:PORT --ca-file FILE --token-file FILE [flags]
               agent --dump [-o table|json] [flags]

        Reads this node's cgroup CPU and memory accounting and pushes it to the aggregator,
        or, with --dump, prints it.

        Where to push:
        \(table(AgentFlag.connection))

        The node:
        \(table(AgentFlag.node))

        Output:
        \(table(AgentFlag.output))
              --version                    print the version and exit
          -h, --help                       print this and exit

        """
    }

    /// Column at which the explanations begin.
    private static let column = 33

    private static func table(_ flags: [AgentFlag]) -> String {
        flags.map { flag in
            let short = flag.short.map { "-\($0), " } ?? "    "
            let left = "  \(short)--\(flag.name)" + (flag.argument.map { " \($0)" } ?? "")
            let gap = left.count + 2 > column ? "\n" + spaces(column) : spaces(column - left.count)
            return left + gap + flag.help
        }.joined(separator: "\n")
    }

    private static func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }
}
