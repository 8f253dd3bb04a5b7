// SPDX-License-Identifier: Apache-2.0

/// For zsh's completion system; works as a file `_agent` in `$fpath` and when it is sourced.
enum ZshCompletion {
    static func script(_ flags: [AgentFlag]) -> String {
        """
        #compdef agent
        # Completion of the agent's flags for zsh: agent --completion zsh > a directory of $fpath/_agent
        _agent() {
            _arguments -s -S \\
        \(flags.map { "        " + argument($0) }.joined(separator: " \\\n"))
        }
        if [ "$funcstack[1]" = _agent ]; then
            _agent "$@"
        elif [ -n "$_comps" ] || (( $+functions[compdef] )); then
            compdef _agent agent
        fi

        """
    }

    /// A spec of `_arguments`: `(-o --output)--output=[…]:FORMAT:(table json)`.
    private static func argument(_ flag: AgentFlag) -> String {
        let text = "[\(escaped(flag.summary))]" + action(flag)
        let long = "--\(flag.name)" + (flag.argument == nil ? "" : "=")
        guard let short = flag.short else { return singleQuoted(long + text) }
        let group = "(-\(short) --\(flag.name))"
        // An unquoted comma makes the shell write the spec once for each spelling.
        return singleQuoted(group) + "{-\(short)\(flag.argument == nil ? "" : "+"),\(long)}" + singleQuoted(text)
    }

    private static func action(_ flag: AgentFlag) -> String {
        guard let argument = flag.argument else { return "" }
        let action =
            switch flag.value {
            case .none, .text: " "
            case .file: "_files"
            case .directory: "_files -/"
            case .duration: "(\(FlagValue.durations.joined(separator: " ")))"
            case .choice(let choices): "(\(choices.joined(separator: " ")))"
            }
        return ":\(escaped(argument, ":\\")):\(action)"
    }

    private static func escaped(_ text: String, _ special: String = "[]:\\") -> String {
        var result = ""
        for character in text {
            if special.contains(character) { result += "\\" }
            result.append(character)
        }
        return result
    }
}
