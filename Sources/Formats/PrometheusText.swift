// SPDX-License-Identifier: Apache-2.0

/// Writes figures for Prometheus: its text format 0.0.4, or OpenMetrics 1.0.
package struct PrometheusText: Sendable {
    package enum Dialect: Sendable {
        case prometheus, openMetrics

        package var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    private let dialect: Dialect
    private var written = ""

    package init(_ dialect: Dialect = .prometheus) { self.dialect = dialect }

    /// The whole page, to be asked for once everything is written.
    package var text: String {
        switch dialect {
        case .prometheus: written
        // Its end is said, so that a page that was cut off is not taken for a whole one.
        case .openMetrics: written + "# EOF\n"
        }
    }

    /// Starts a family; its samples follow. A counter's name ends in `_total`.
    package mutating func family(_ name: String, _ kind: Kind, help: String) {
        // OpenMetrics names a counter without the ending that its samples have.
        let isShort = dialect == .openMetrics && kind == .counter && name.hasSuffix("_total")
        let family = isShort ? String(name.dropLast(6)) : name
        written += "# HELP \(family) \(help)\n# TYPE \(family) \(kind.rawValue)\n"
        guard dialect == .openMetrics else { return }
        for unit in ["seconds", "bytes"] where family.hasSuffix("_" + unit) { written += "# UNIT \(family) \(unit)\n" }
    }

    package mutating func sample(
        _ name: String, labels: [(String, String)] = [], _ value: some CustomStringConvertible
    ) {
        sample(name, prepared: Labels(labels), value)
    }

    /// A sample whose labels were put together before, because many samples have the same.
    /// - Parameter time: Unix time of the reading, ns, which the page has in ms, as exact as the kubelet's; nil: whoever reads
    ///   the page stamps it.
    package mutating func sample(
        _ name: String, prepared labels: Labels, _ value: some CustomStringConvertible, at time: Int64? = nil
    ) {
        written += name
        written += labels.text
        written += " \(value)"
        if let milliseconds = time.flatMap({ UInt64(exactly: $0 / 1_000_000) }) {
            switch dialect {
            case .prometheus: written += " \(milliseconds)"
            case .openMetrics: written += " " + Self.decimal(milliseconds, digits: 3)
            }
        }
        written += "\n"
    }

    /// `number` with its last digits behind a point, and no more of them than needed: exact, where a Double is not.
    package static func decimal(_ number: UInt64, digits: Int) -> String {
        var whole = String(number)
        if whole.utf8.count <= digits { whole = String(repeating: "0", count: digits + 1 - whole.utf8.count) + whole }
        var fraction = whole.suffix(digits)
        while fraction.last == "0" { fraction.removeLast() }
        return whole.dropLast(digits) + (fraction.isEmpty ? "" : "." + fraction)
    }

    package struct Labels: Hashable, Sendable {
        /// Without the braces.
        private let list: String

        package init(_ labels: [(String, String)]) {
            list = labels.map { "\($0.0)=\"\(PrometheusText.escaped($0.1))\"" }.joined(separator: ",")
        }

        private init(list: String) { self.list = list }

        package func adding(_ other: Labels) -> Labels {
            if list.isEmpty || other.list.isEmpty { return list.isEmpty ? other : self }
            return Labels(list: list + "," + other.list)
        }

        package func adding(_ labels: [(String, String)]) -> Labels {
            adding(Labels(labels))
        }

        fileprivate var text: String { list.isEmpty ? "" : "{" + list + "}" }
    }

    /// A family of one sample without labels.
    package mutating func single(
        _ name: String, _ kind: Kind, help: String, _ value: some CustomStringConvertible
    ) {
        family(name, kind, help: help)
        sample(name, value)
    }

    /// - Parameter counts: one for each bound, not cumulative, and one for what is above the last.
    package mutating func histogram(_ name: String, help: String, bounds: [Double], counts: [Int], sum: Double) {
        family(name, .histogram, help: help)
        var running = 0
        for (bound, count) in zip(bounds, counts) {
            running += count
            sample(name + "_bucket", labels: [("le", "\(bound)")], running)
        }
        running += counts.dropFirst(bounds.count).reduce(0, +)
        sample(name + "_bucket", labels: [("le", "+Inf")], running)
        sample(name + "_sum", sum)
        sample(name + "_count", running)
    }

    private static func escaped(_ value: String) -> String {
        var result = ""
        for character in value.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}

extension PrometheusText.Dialect {
    /// What an Accept header asks for; whoever asks for neither is given Prometheus' own.
    package init(accept: String) {
        for range in AcceptRange.parse(accept) where range.quality > 0 {
            let version = range.parameters.first { $0.name == "version" }?.value
            switch (range.type, range.subtype) {
            case ("application", "openmetrics-text") where version == nil || version == "1.0.0":
                self = .openMetrics
                return
            case ("application", "*"):
                self = .openMetrics
                return
            // Any version of it: a client that can read a later one has no trouble with this one.
            case ("text", "plain"), ("text", "*"), ("*", "*"):
                self = .prometheus
                return
            default: continue
            }
        }
        self = .prometheus
    }
}
