// SPDX-License-Identifier: Apache-2.0

/// A reader of OpenMetrics 1.0 text that takes nothing which the specification does not: families in one piece with their
/// metadata first, units that the names end with, counters with `_total`, each series once, `# EOF` last.
struct StrictOpenMetrics {
    struct Sample: Equatable {
        let name: String
        let labels: [String: String]
        let value: String
        let timestamp: String?
    }

    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    private(set) var samples: [Sample] = []
    /// Of each family.
    private(set) var types: [String: String] = [:]

    private var family = ""
    private var unit: String?
    private var help: String?
    private var hasSamples = false
    private var series: Set<[String]> = []

    init(_ text: String) throws {
        guard text.hasSuffix("# EOF\n") else { throw Malformed(description: "no # EOF at the end") }
        for line in text.dropLast("# EOF\n".count).split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            if line.hasPrefix("#") { try metadata(line) } else { try sample(line) }
        }
    }

    func samples(_ name: String) -> [Sample] { samples.filter { $0.name == name } }

    private mutating func metadata(_ line: Substring) throws {
        let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard words.count == 4, words[0] == "#", Self.isName(words[2]) else {
            throw Malformed(description: "metadata: \(line)")
        }
        if words[2] != family {
            guard types[words[2]] == nil else { throw Malformed(description: "family in two pieces: \(line)") }
            (family, unit, help, hasSamples) = (words[2], nil, nil, false)
        }
        guard !hasSamples else { throw Malformed(description: "metadata behind samples: \(line)") }
        switch words[1] {
        case "TYPE":
            guard types[family] == nil, ["counter", "gauge"].contains(words[3]) else {
                throw Malformed(description: "type: \(line)")
            }
            guard words[3] != "counter" || !family.hasSuffix("_total") else {
                throw Malformed(description: "a counter's family has no suffix: \(line)")
            }
            types[family] = words[3]
        case "UNIT":
            guard unit == nil, family.hasSuffix("_" + words[3]) else { throw Malformed(description: "unit: \(line)") }
            unit = words[3]
        case "HELP":
            guard help == nil, !words[3].contains("\\") else { throw Malformed(description: "help: \(line)") }
            help = words[3]
        default: throw Malformed(description: "metadata: \(line)")
        }
    }

    private mutating func sample(_ line: Substring) throws {
        let name = String(line.prefix { $0 != "{" && $0 != " " })
        var rest = line.dropFirst(name.count)
        guard let type = types[family], name == (type == "counter" ? family + "_total" : family) else {
            throw Malformed(description: "not of the family \(family): \(line)")
        }
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while true {
                let label = String(rest.prefix { $0 != "=" })
                rest = rest.dropFirst(label.count)
                guard Self.isName(label), !label.contains(":"), labels[label] == nil, rest.hasPrefix("=\"") else {
                    throw Malformed(description: "label: \(line)")
                }
                rest = rest.dropFirst(2)
                labels[label] = try Self.value(&rest)
                let next = rest.popFirst()
                if next == "}" { break }
                guard next == "," else { throw Malformed(description: "labels: \(line)") }
            }
        }
        let words = rest.split(separator: " ", omittingEmptySubsequences: false)
        guard (2...3).contains(words.count), words[0].isEmpty, words.dropFirst().allSatisfy(Self.isNumber) else {
            throw Malformed(description: "value: \(line)")
        }
        guard type != "counter" || !words[1].hasPrefix("-") else { throw Malformed(description: "counter: \(line)") }
        guard series.insert([name] + labels.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }).inserted else {
            throw Malformed(description: "a series twice: \(line)")
        }
        hasSamples = true
        samples.append(
            Sample(
                name: name, labels: labels, value: String(words[1]),
                timestamp: words.count == 3 ? String(words[2]) : nil))
    }

    /// Up to the closing quote.
    private static func value(_ rest: inout Substring) throws -> String {
        var value = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return value
            case "\\":
                switch rest.popFirst() {
                case "\\": value += "\\"
                case "\"": value += "\""
                case "n": value += "\n"
                default: throw Malformed(description: "escape: \(rest)")
                }
            default: value.append(character)
            }
        }
        throw Malformed(description: "no end of a label's value")
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte) || (0x41...0x5a).contains(byte) || (0x30...0x39).contains(byte)
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ":")
        }
    }

    private static func isNumber(_ text: Substring) -> Bool {
        let parts = text.drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
        return (1...2).contains(parts.count)
            && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    }
}
