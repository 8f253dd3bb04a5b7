// SPDX-License-Identifier: Apache-2.0
import Console

/// agent(8), with the options from the flag table.
package enum Manual {
    /// Of the last change to what is written here.
    private static let date = "2026-11-25"

    package static var text: String {
        """
        .\\" Made by agent --manual.
        .TH AGENT 8 \(date) "metrics\\-push \(Version.text)" "System Administration"
        .SH NAME
        agent \\- reads a node's cgroup accounting and pushes it to the aggregator
        .SH SYNOPSIS
        \(synopsis)
        .SH DESCRIPTION
        \(description.map { Roff.text($0) }.joined(separator: "\n.PP\n"))
        .SH OPTIONS
        \(options)
        .SH OUTPUT
        \(Roff.text(output))
        \(Roff.list(columns.map { (Roff.bold($0.title), $0.text) }))
        .PP
        Where the name of a container comes from (name_source in JSON and CSV):
        \(Roff.list(nameSources))
        .SH "EXIT STATUS"
        \(Roff.list(exitStatus))
        .SH ENVIRONMENT
        \(Roff.list(environment))
        .SH FILES
        \(Roff.list(files))
        .SH EXAMPLES
        \(examples.map(example).joined(separator: "\n.PP\n"))
        .SH "SEE ALSO"
        .BR cgroups (7),
        .BR proc (5),
        .BR systemd\\-cgtop (1),
        .BR tar (1)

        """
    }

    private static let synopsis = """
        .B agent
        .BI \\-\\-aggregator " HOST:PORT"
        .BI \\-\\-ca\\-file " FILE"
        .BI \\-\\-token\\-file " FILE"
        .RI [ flags ]
        .br
        .B agent \\-\\-dump
        .RI [ flags ]
        .br
        .B agent \\-\\-explain
        .I TARGET
        .RI [ flags ]
        .br
        .B agent \\-\\-doctor
        .RI [ flags ]
        .br
        .B agent \\-\\-capture
        .I FILE.tar
        .RI [ flags ]
        """

    private static func example(_ text: String, _ command: String) -> String {
        "\(Roff.text(text))\n.PP\n.in +4n\n.nf\n\(Roff.literal(command))\n.fi\n.in"
    }

    private static var options: String {
        Roff.list(
            (AgentFlag.all + AgentFlag.answered).map { flag in
                let spellings = flag.spellings.map(Roff.bold).joined(separator: ", ")
                return (spellings + (flag.argument.map { " " + Roff.italic($0) } ?? ""), sentence(flag))
            })
    }

    /// "reads x; y" as "Reads x; y." with the values that there are.
    private static func sentence(_ flag: AgentFlag) -> String {
        // A value that it begins with stays as it is typed.
        let begins = flag.choices.contains { flag.help.hasPrefix($0) }
        let first = begins ? String(flag.help.prefix(1)) : flag.help.prefix(1).uppercased()
        let help = first + flag.help.dropFirst() + "."
        // The explanation names them itself, or there are none.
        let unnamed = flag.choices.filter { !flag.help.contains($0) }
        return unnamed.isEmpty ? help : help + " One of " + flag.choices.joined(separator: ", ") + "."
    }
}
