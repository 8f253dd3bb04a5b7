// SPDX-License-Identifier: Apache-2.0

enum FishCompletion {
    static func script(_ flags: [AgentFlag]) -> String {
        """
        # Completion of the agent's flags for fish: agent --completion fish > ~/.config/fish/completions/agent.fish
        complete -c agent -f
        \(flags.map(line).joined(separator: "\n"))

        """
    }

    private static func line(_ flag: AgentFlag) -> String {
        let value =
            switch flag.value {
            case .none: ""
            case .file: " -r -F"
            case .directory: " -x -a '(__fish_complete_directories)'"
            case .duration: " -x -a \(quoted(FlagValue.durations.joined(separator: " ")))"
            case .choice(let choices): " -x -a \(quoted(choices.joined(separator: " ")))"
            case .text: " -x"
            }
        return "complete -c agent" + (flag.short.map { " -s \($0)" } ?? "") + " -l \(flag.name)" + value
            + " -d \(quoted(flag.summary))"
    }

    /// fish knows a backslash inside of single quotes.
    private static func quoted(_ text: String) -> String {
        var result = "'"
        for character in text {
            if character == "'" || character == "\\" { result += "\\" }
            result.append(character)
        }
        return result + "'"
    }
}
