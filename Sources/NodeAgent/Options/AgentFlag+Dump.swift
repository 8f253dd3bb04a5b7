// SPDX-License-Identifier: Apache-2.0
import Console

extension AgentFlag {
    /// Which of a node's pods `--dump` prints, and in which order.
    static let dumping: [AgentFlag] = [
        AgentFlag(
            name: "watch", help: "print again every --interval; a terminal is drawn anew, anything else appended to"
        ) { options, _ throws(FlagError) in options.dump.watches = true },
        AgentFlag(
            name: "sort", argument: "KEY", choices: DumpSort.allCases.map(\.rawValue),
            help: "order of the pods, and of the containers in each: \(names(of: DumpSort.self)) (default name); the "
                + "largest first"
        ) { options, text throws(FlagError) in
            guard let sort = DumpSort(rawValue: text) else {
                throw FlagError("\"\(text)\" is nothing to sort by; choose \(names(of: DumpSort.self))")
            }
            options.dump.sort = sort
        },
        AgentFlag(name: "top", argument: "N", help: "only the first N pods of that order") {
            options, text throws(FlagError) in
            guard let count = Int(text), count > 0 else {
                throw FlagError("\"\(text)\" is no number of pods; give 1 or more")
            }
            options.dump.top = count
        },
        AgentFlag(name: "namespace", short: "n", argument: "NAME", help: "only the pods of this namespace") {
            options, text throws(FlagError) in options.dump.namespace = try notEmpty(text)
        },
        AgentFlag(
            name: "pod", argument: "REGEX",
            help: "only the pods whose name this POSIX extended regular expression matches, anywhere in it"
        ) { options, text throws(FlagError) in
            _ = try PodPattern(try notEmpty(text))
            options.dump.podPattern = text
        },
        AgentFlag(
            name: "since-start",
            help:
                "CPU and throttling as means since the start of each container instead of over a second; saves the pause"
        ) { options, _ throws(FlagError) in options.dump.sinceStart = true },
    ]

    /// `a, b or c`.
    static func names<Choice: CaseIterable & RawRepresentable>(of type: Choice.Type) -> String
    where Choice.RawValue == String {
        let names = type.allCases.map(\.rawValue)
        guard let last = names.last, names.count > 1 else { return names.joined() }
        return names.dropLast().joined(separator: ", ") + " or " + last
    }
}
