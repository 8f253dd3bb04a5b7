// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A reader of the Prometheus text format 0.0.4, or of OpenMetrics 1.0, that takes nothing it need not.
///
/// https://prometheus.io/docs/instrumenting/exposition_formats/
/// https://prometheus.io/docs/specs/om/open_metrics_spec/
struct PrometheusPage {
    /// By the sample as it stands: `name{label="value"}`.
    private var samples: [String: Double] = [:]
    private(set) var types: [String: String] = [:]
    private var helped: Set<String> = []
    private var family = ""
    private let isOpenMetrics: Bool
    private var units: Set<String> = []

    struct Malformed: Error {
        let line: String
    }

    subscript(sample: String) -> Double? { samples[sample] }

    init(_ page: String, openMetrics: Bool = false) throws {
        isOpenMetrics = openMetrics
        var text = page[...]
        if openMetrics {
            guard text.hasSuffix("# EOF\n") else { throw Malformed(line: "the end is not said") }
            text = text.dropLast(6)
        }
        guard text.hasSuffix("\n") else { throw Malformed(line: "the last line does not end") }
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("# HELP ") {
                try help(String(line))
            } else if line.hasPrefix("# TYPE ") {
                try type(String(line))
            } else if openMetrics, line.hasPrefix("# UNIT ") {
                try unit(String(line))
            } else {
                try sample(String(line))
            }
        }
        for (name, type) in types where type == "histogram" { try checkHistogram(name) }
        for name in types.keys where openMetrics {
            let needsUnit = name.hasSuffix("_seconds") || name.hasSuffix("_bytes")
            guard units.contains(name) == needsUnit else { throw Malformed(line: "the unit of \(name)") }
        }
    }

    /// Once, right behind its family's type, and it is how the family's name ends.
    private mutating func unit(_ line: String) throws {
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[2] == family, types[family] != nil, family.hasSuffix("_" + parts[3]),
            units.insert(family).inserted
        else { throw Malformed(line: line) }
    }

    private mutating func help(_ line: String) throws {
        let parts = line.split(separator: " ", maxSplits: 3)
        guard parts.count == 4, Self.isName(parts[2]), helped.insert(String(parts[2])).inserted else {
            throw Malformed(line: line)
        }
        family = String(parts[2])
    }

    private mutating func type(_ line: String) throws {
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[2] == family, types[family] == nil,
            ["counter", "gauge", "histogram"].contains(parts[3])
        else { throw Malformed(line: line) }
        types[family] = String(parts[3])
        // By convention, which Prometheus' own linter checks; the names of OpenMetrics' counters lack the ending.
        guard (parts[3] == "counter" && !isOpenMetrics) == family.hasSuffix("_total") else {
            throw Malformed(line: line)
        }
    }

    private mutating func sample(_ line: String) throws {
        guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else {
            throw Malformed(line: line)
        }
        let key = line[..<space]
        let name = key.prefix { $0 != "{" }
        let suffixes =
            switch types[family] {
            case "histogram": ["_bucket", "_sum", "_count"]
            case "counter" where isOpenMetrics: ["_total"]
            default: [""]
            }
        guard types[family] != nil, suffixes.contains(where: { name == family + $0 }) else {
            throw Malformed(line: line)
        }
        try Self.checkLabels(key.dropFirst(name.count))
        guard samples.updateValue(value, forKey: String(key)) == nil else { throw Malformed(line: line) }
    }

    /// Empty, or `{name="value",…}` with `\`, `"` and the line's end escaped.
    private static func checkLabels(_ text: Substring) throws {
        if text.isEmpty { return }
        guard text.hasPrefix("{"), text.hasSuffix("\"}") else { throw Malformed(line: String(text)) }
        var rest = text.dropFirst().dropLast()
        var seen: Set<Substring> = []
        while !rest.isEmpty {
            let name = rest.prefix { $0 != "=" }
            rest = rest.dropFirst(name.count)
            guard isName(name), seen.insert(name).inserted, rest.hasPrefix("=\"") else {
                throw Malformed(line: String(text))
            }
            rest = rest.dropFirst(2)
            while let character = rest.popFirst(), character != "\"" {
                guard character == "\\" else { continue }
                guard let escaped = rest.popFirst(), "\\\"n".contains(escaped) else {
                    throw Malformed(line: String(text))
                }
            }
            if rest.hasPrefix(",") {
                rest = rest.dropFirst()
            } else if !rest.isEmpty {
                throw Malformed(line: String(text))
            }
        }
    }

    private func checkHistogram(_ name: String) throws {
        let prefix = name + "_bucket{le=\""
        let buckets = samples.filter { $0.key.hasPrefix(prefix) }
            .map { (bound: Double($0.key.dropFirst(prefix.count).dropLast(2)) ?? .nan, count: $0.value) }
            .sorted { $0.bound < $1.bound }
        guard let last = buckets.last, last.bound == .infinity, last.count == samples[name + "_count"],
            samples[name + "_sum"] != nil, !buckets.contains(where: { $0.bound.isNaN }),
            zip(buckets, buckets.dropFirst()).allSatisfy({ $0.count <= $1.count })
        else { throw Malformed(line: name) }
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0) || $0 == 0x5f
        }
    }
}
