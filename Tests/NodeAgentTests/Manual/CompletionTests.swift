// SPDX-License-Identifier: Apache-2.0
import Console
import TLSTestSupport
import Testing

@testable import NodeAgent

/// The scripts in the shells that they are for.
@Suite("Shell completion")
struct CompletionTests {
    private static let flags = AgentFlag.all + AgentFlag.answered
    private let place = TemporaryDirectory()

    private func script(_ shell: CompletionShell) -> String {
        place.write("script", Array(shell.script.utf8))
    }

    /// What bash offers for the last of these words, as its readline cuts them.
    private func bash(_ words: [String]) throws -> Set<String> {
        let program =
            "source \"$0\"; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _agent; printf '%s\\n' \"${COMPREPLY[@]}\""
        let text = try ChildProcess.check(["bash", "-uc", program, script(.bash)] + words)
        return Set(text.split(separator: "\n").map(String.init))
    }

    private func fish(_ line: String) throws -> Set<String> {
        let text = try ChildProcess.check(
            [
                "env", "HOME=\(place.path)", "fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]",
                script(.fish), line,
            ])
        // Each with its explanation behind a tab.
        return Set(text.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) })
    }

    /// What zsh's `_arguments` is given.
    private func zsh() throws -> [String] {
        let program = "function compdef { }; source $1; function _arguments { print -rl -- \"$@\" }; _agent"
        let text = try ChildProcess.check(["zsh", "-fc", program, "zsh", script(.zsh)])
        return text.split(separator: "\n").map(String.init)
    }

    @Test("the shells find no fault with the scripts")
    func syntax() throws {
        for (shell, flag) in [("bash", "-n"), ("zsh", "-n"), ("fish", "-n")] {
            let script = script(try #require(CompletionShell(rawValue: shell)))
            #expect(try ChildProcess.run([shell, flag, script]) == (0, ""), "\(shell)")
        }
    }

    @Test("every flag is completed by every shell")
    func all() throws {
        let spellings = Set(Self.flags.flatMap(\.spellings))
        #expect(try bash(["agent", "-"]) == spellings)
        #expect(try fish("agent --").isSuperset(of: Self.flags.map { "--\($0.name)" }))
        let specs = try zsh()
        for flag in Self.flags {
            let long = "--\(flag.name)" + (flag.argument == nil ? "[" : "=[")
            #expect(specs.count { $0.hasPrefix(long) || $0.hasPrefix("(-") && $0.contains(")" + long) } == 1, "\(long)")
            if let short = flag.short { #expect(specs.contains { $0.contains(")-\(short)") }) }
        }
    }

    @Test("a beginning is completed to the flags that have it")
    func beginnings() throws {
        #expect(try bash(["agent", "--du"]) == ["--dump"] && fish("agent --du") == ["--dump"])
        #expect(try bash(["agent", "--dump", "--cap"]) == ["--capture"])
    }

    @Test(
        "values that are few are offered, behind a blank and behind an equals sign",
        arguments: flags.filter { !$0.choices.isEmpty }.map(\.name))
    func choices(_ name: String) throws {
        let flag = try #require(Self.flags.first { $0.name == name })
        let all = Set(flag.choices)
        let first = try #require(flag.choices.first)
        for spelling in flag.spellings {
            #expect(try bash(["agent", spelling, ""]) == all && fish("agent \(spelling) ") == all)
        }
        #expect(try bash(["agent", "--\(name)", "="]) == all)
        #expect(try bash(["agent", "--\(name)", "=", first]).contains(first))
        #expect(try fish("agent --\(name)=\(first)").contains("--\(name)=\(first)"))
        #expect(try zsh().contains { $0.hasSuffix(":(\(flag.choices.joined(separator: " ")))") })
    }

    @Test("files and directories are offered where they are meant, also with blanks in their names")
    func paths() throws {
        try ChildProcess.check(["mkdir", place.file("a b")])
        _ = place.write("a file", [])
        let start = place.file("a")
        #expect(try bash(["agent", "--ca-file", start]) == [place.file("a b"), place.file("a file")])
        #expect(try bash(["agent", "--root", start]) == [place.file("a b")])
        // fish quotes what it offers.
        #expect(try fish("agent --ca-file \(start)").count == 2 && fish("agent --root \(start)").count == 1)
        let specs = try zsh()
        #expect(specs.contains { $0.hasPrefix("--ca-file=") && $0.hasSuffix(":_files") })
        #expect(specs.contains { $0.hasPrefix("--root=") && $0.hasSuffix(":_files -/") })
    }

    @Test("zsh knows the function by the command's name after sourcing")
    func registered() throws {
        let program = "autoload -U compinit && compinit -D -u; source $1; print -- $_comps[agent]"
        let text = try ChildProcess.check(["env", "HOME=\(place.path)", "zsh", "-fc", program, "zsh", script(.zsh)])
        #expect(text == "_agent\n")
    }

    /// A table entry without its choices would be completed with nothing.
    @Test("each flag that refuses a value by naming the right ones has them in the table")
    func complete() throws {
        for flag in Self.flags where flag.argument != nil {
            var options = AgentOptions()
            do {
                try flag.apply(&options, "\u{1}")
            } catch {
                if error.message.contains("choose") { #expect(!flag.choices.isEmpty, "--\(flag.name) needs `choices`") }
            }
            for choice in flag.choices {
                var options = AgentOptions()
                #expect(throws: Never.self) { try flag.apply(&options, choice) }
            }
        }
    }
}
