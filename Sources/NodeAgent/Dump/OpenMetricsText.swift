// SPDX-License-Identifier: Apache-2.0

/// Writes OpenMetrics 1.0 text (github.com/prometheus/OpenMetrics, specification/OpenMetrics.md).
struct OpenMetricsText {
    enum Kind: String {
        case counter, gauge
    }

    struct Label: Hashable {
        let name: String
        let value: String

        init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    private var text = ""
    private var sample = ""

    var finished: String { text + "# EOF\n" }

    /// Begins a family; the samples behind it are its own.
    /// - Parameter name: without the `_total` that the samples of a counter have; it ends with the unit, if it has one.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# TYPE \(name) \(kind.rawValue)\n"
        for unit in ["seconds", "bytes"] where name.hasSuffix("_" + unit) { text += "# UNIT \(name) \(unit)\n" }
        text += "# HELP \(name) \(help)\n"
        sample = kind == .counter ? name + "_total" : name
    }

    /// No sample without a value.
    /// - Parameter time: Unix time of the reading, ns.
    mutating func value(_ labels: [Label], _ value: UInt64?, at time: Int64?) {
        if let value { line(labels, "\(value)", time) }
    }

    /// Nanoseconds, as seconds.
    mutating func seconds(_ labels: [Label], _ nanoseconds: UInt64?, at time: Int64?) {
        if let nanoseconds { line(labels, Self.decimal(nanoseconds, digits: 9), time) }
    }

    private mutating func line(_ labels: [Label], _ value: String, _ time: Int64?) {
        text += sample
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",") + "}"
        }
        text += " " + value
        // As exact as the kubelet's.
        if let time = time.flatMap({ UInt64(exactly: $0) }) {
            text += " " + Self.decimal(time / 1_000_000, digits: 3)
        }
        text += "\n"
    }

    /// `number` with its last digits behind a point, and no more of them than needed.
    static func decimal(_ number: UInt64, digits: Int) -> String {
        var whole = String(number)
        if whole.utf8.count <= digits { whole = String(repeating: "0", count: digits + 1 - whole.utf8.count) + whole }
        var fraction = whole.suffix(digits)
        while fraction.last == "0" { fraction.removeLast() }
        return whole.dropLast(digits) + (fraction.isEmpty ? "" : "." + fraction)
    }

    /// Control characters would be allowed here, but not by a terminal.
    private static func escaped(_ value: String) -> String {
        var result = ""
        for character in printable(value).unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
