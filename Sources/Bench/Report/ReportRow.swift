// SPDX-License-Identifier: Apache-2.0

/// A line of the table: which figure, what it is compared with, and what it should be.
struct ReportRow {
    let title: String
    /// As it was recorded.
    let figure: String
    let unit: ReportUnit
    /// The same work done by a C program that does nothing else.
    var floor: String?
    var goal: Goal?

    enum Goal {
        /// In what the figure was recorded in.
        case atMost(Double)
        case timesFloor(Double)
    }

    func cells(_ figures: [String: [Double]]) throws -> [String] {
        guard let measured = Rounds(figures[figure] ?? []) else { throw BenchError("\(figure) was not measured") }
        var ratio: Rounds?
        var cells = [title, unit.text(measured), "", "", "", ""]
        if let floor {
            guard let base = Rounds(figures[floor] ?? []) else { throw BenchError("\(floor) was not measured") }
            cells[2] = unit.text(base)
            ratio = Rounds(try Self.ratios(figures[figure] ?? [], figures[floor] ?? []))
            cells[3] = ratio?.text(scale: 1) ?? ""
        }
        switch goal {
        case nil: break
        case .atMost(let limit):
            cells[4] = "≤ " + unit.text(limit)
            cells[5] = verdict(measured.median, limit)
        case .timesFloor(let limit):
            guard let ratio else { throw BenchError("\(figure) has no floor") }
            cells[4] = "≤ \(Rounds.text(limit, noise: 0.1)) x C"
            cells[5] = verdict(ratio.median, limit)
        }
        return cells
    }

    /// Round by round, since the machine's moods come and go between the rounds.
    static func ratios(_ figures: [Double], _ floors: [Double]) throws -> [Double] {
        guard !figures.isEmpty, figures.count == floors.count else {
            throw BenchError("\(figures.count) rounds cannot be compared with \(floors.count)")
        }
        return zip(figures, floors).map { $0 / $1 }
    }

    private func verdict(_ value: Double, _ limit: Double) -> String {
        if limit == 0 { return value == 0 ? "met" : "MISSED" }
        return (value <= limit ? "met, " : "MISSED, ") + "\(Rounds.text(value / limit, noise: 0.03)) of it"
    }
}

/// How a figure is shown.
struct ReportUnit {
    let name: String
    /// So much of what was recorded is one of these.
    let scale: Double

    static let bytes = ReportUnit(name: "B", scale: 1)
    static let megabytes = ReportUnit(name: "MB", scale: 1e6)
    static let nanoseconds = ReportUnit(name: "ns", scale: 1)
    static let microseconds = ReportUnit(name: "µs", scale: 1e3)
    static let milliseconds = ReportUnit(name: "ms", scale: 1e6)
    static let milliCPU = ReportUnit(name: "mCPU", scale: 1)
    static let times = ReportUnit(name: "times", scale: 1)
    static let count = ReportUnit(name: "", scale: 1)

    func text(_ rounds: Rounds) -> String { with(rounds.text(scale: scale)) }
    func text(_ value: Double) -> String { with(Rounds.text(value / scale, noise: value / scale / 10)) }

    private func with(_ number: String) -> String { name.isEmpty ? number : "\(number) \(name)" }
}
