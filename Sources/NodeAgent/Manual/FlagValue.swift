// SPDX-License-Identifier: Apache-2.0

/// What a flag's value is, for those who complete it.
enum FlagValue: Equatable {
    case none
    case file
    case directory
    case duration
    case choice([String])
    /// Only the operator knows.
    case text

    /// Some that make sense; any other is one too.
    static let durations = ["1s", "5s", "10s", "30s", "1m", "5m"]
}

extension AgentFlag {
    /// By the word that stands for it in the table: that says what it is to people too.
    var value: FlagValue {
        guard let argument else { return .none }
        if !choices.isEmpty { return .choice(choices) }
        if argument.hasPrefix("FILE") { return .file }
        if argument.hasPrefix("DIR") { return .directory }
        return argument.hasPrefix("DURATION") ? .duration : .text
    }

    /// The first statement of the explanation, for the width of a list.
    var summary: String {
        let end = help.firstIndex { $0 == ";" || $0 == "(" } ?? help.endIndex
        return String(help[..<end].reversed().drop { $0 == " " }.reversed())
    }
}
