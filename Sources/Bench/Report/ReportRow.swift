// SPDX-License-Identifier: Apache-2.0

/// A line of the table: which figure, what it is compared with, and what it should be.
struct ReportRow {
    let title: String
    /// As it was recorded.
    let figure: String
    let unit: ReportUnit
    /// The same work done by a C program that does nothing else.
    var floor: String?
    /// What the peer needs for the same, in the words of whoever measured it.
    var peer: String?
    var goal: Goal?

    enum Goal {
        /// In what the figure was recorded in.
        case atMost(Double)
        case atLeast(Double)
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
        (cells[4], cells[5]) = try judged(measured, ratio)
        return cells
    }

    /// Beside the peer instead of a C program.
    func cellsBesidePeer(_ figures: [String: [Double]]) throws -> [String] {
        guard let measured = Rounds(figures[figure] ?? []) else { throw BenchError("\(figure) was not measured") }
        let (limit, verdict) = try judged(measured, nil)
        return [title, unit.text(measured), peer ?? "", limit, verdict]
    }

    private func judged(_ measured: Rounds, _ ratio: Rounds?) throws -> (limit: String, verdict: String) {
        switch goal {
        case nil: return ("", "")
        case .atMost(let limit): return ("≤ " + unit.text(limit), verdict(measured.median, limit))
        case .atLeast(let limit):
            let share = "\(Rounds.text(measured.median / limit, noise: 0.03)) of it"
            return ("≥ " + unit.text(limit), (measured.median >= limit ? "met, " : "MISSED, ") + share)
        case .timesFloor(let limit):
            guard let ratio else { throw BenchError("\(figure) has no floor") }
            return ("≤ \(Rounds.text(limit, noise: 0.1)) x C", verdict(ratio.median, limit))
        }
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
    static let seconds = ReportUnit(name: "s", scale: 1e9)
    static let milliCPU = ReportUnit(name: "mCPU", scale: 1)
    static let times = ReportUnit(name: "times", scale: 1)
    /// Something that was counted: every digit means something.
    static let exactly = ReportUnit(name: "", scale: 0)

    func text(_ rounds: Rounds) -> String { scale == 0 ? whole(rounds.median) : with(rounds.text(scale: scale)) }
    func text(_ value: Double) -> String {
        scale == 0 ? whole(value) : with(Rounds.text(value / scale, noise: value / scale / 10))
    }

    private func whole(_ value: Double) -> String { "\(Int(value.rounded()))" }

    private func with(_ number: String) -> String { name.isEmpty ? number : "\(number) \(name)" }
}
