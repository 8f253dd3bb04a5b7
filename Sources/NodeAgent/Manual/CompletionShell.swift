// SPDX-License-Identifier: Apache-2.0

/// The shells that can be taught our flags.
package enum CompletionShell: String, CaseIterable, Sendable {
    case bash, zsh, fish

    /// To be read by the shell itself, made from the flag table.
    package var script: String {
        let flags = AgentFlag.all + AgentFlag.answered
        return switch self {
        case .bash: BashCompletion.script(flags)
        case .zsh: ZshCompletion.script(flags)
        case .fish: FishCompletion.script(flags)
        }
    }
}

extension AgentFlag {
    /// "-o --output", or only the second.
    var spellings: [String] { (short.map { ["-\($0)"] } ?? []) + ["--\(name)"] }
}

/// A word for a POSIX shell.
func singleQuoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}
