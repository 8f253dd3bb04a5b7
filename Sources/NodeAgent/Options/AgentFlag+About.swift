// SPDX-License-Identifier: Apache-2.0
import Console

extension AgentFlag {
    /// The program about itself.
    static let about: [AgentFlag] = [
        AgentFlag(name: "manual", help: "print this program's manual page and exit: agent --manual | man -l -") {
            options, _ throws(FlagError) in try options.choose(.manual)
        },
        AgentFlag(
            name: "completion", argument: "SHELL", choices: CompletionShell.allCases.map(\.rawValue),
            help: "print what makes bash, zsh or fish complete these flags, and exit"
        ) { options, text throws(FlagError) in
            guard let shell = CompletionShell(rawValue: text) else {
                let known = CompletionShell.allCases.map(\.rawValue).joined(separator: ", ")
                throw FlagError("\"\(text)\" is no shell that we know; choose one of \(known)")
            }
            try options.choose(.completion(shell))
        },
    ]

    /// Answered before anything else on the command line counts.
    static let answered: [AgentFlag] = [
        AgentFlag(name: "version", help: "print the version and exit") { _, _ throws(FlagError) in },
        AgentFlag(name: "help", short: "h", help: "print a summary of the flags and exit") { _, _ throws(FlagError) in
        },
    ]
}
