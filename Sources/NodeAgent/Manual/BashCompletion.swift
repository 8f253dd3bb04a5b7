// SPDX-License-Identifier: Apache-2.0

/// For bash's own `complete`, without the bash-completion package.
enum BashCompletion {
    static func script(_ flags: [AgentFlag]) -> String {
        """
        # Completion of the agent's flags for bash: source <(agent --completion bash)
        _agent() {
            local current=${COMP_WORDS[COMP_CWORD]} flag=
            [ "$COMP_CWORD" -gt 0 ] && flag=${COMP_WORDS[COMP_CWORD-1]}
            # bash makes a word of the equals sign.
            if [ "$current" = = ]; then
                current=
            elif [ "$flag" = = ] && [ "$COMP_CWORD" -gt 1 ]; then
                flag=${COMP_WORDS[COMP_CWORD-2]}
            fi
            COMPREPLY=()
            case $flag in
        \(cases(flags))
            esac
            mapfile -t COMPREPLY < <(compgen -W \(singleQuoted(words(flags))) -- "$current")
        }
        complete -F _agent agent

        """
    }

    private static func words(_ flags: [AgentFlag]) -> String {
        flags.flatMap(\.spellings).joined(separator: " ")
    }

    private static func cases(_ flags: [AgentFlag]) -> String {
        flags.compactMap { flag in
            let answer: String
            switch flag.value {
            case .none: return nil
            // File names can have blanks in them.
            case .file:
                answer = "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$current\")"
            case .directory:
                answer = "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$current\")"
            case .duration: answer = list(FlagValue.durations)
            case .choice(let choices): answer = list(choices)
            case .text: answer = ":"
            }
            return "        \(flag.spellings.joined(separator: "|"))) \(answer); return ;;"
        }.joined(separator: "\n")
    }

    private static func list(_ words: [String]) -> String {
        "mapfile -t COMPREPLY < <(compgen -W \(singleQuoted(words.joined(separator: " "))) -- \"$current\")"
    }
}
