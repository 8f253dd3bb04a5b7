// SPDX-License-Identifier: Apache-2.0
import Console

/// `Bench endurance-report --file FILE`: how memory and CPU went over the minutes of `Bench endurance`.
enum EnduranceReport {
    static func run(_ flags: inout Flags) throws {
        let figures = try Figures.read(try flags.text("file"))
        try flags.finish()
        func figure(_ name: String) throws -> Double {
            guard let value = figures[name]?.last else { throw BenchError("\(name) was not measured") }
            return value
        }
        let minutes = figures["endurance.minute"] ?? []
        guard let first = minutes.first, let last = minutes.last else { throw BenchError("no minute was measured") }
        var table = [["minute", "RSS", "since the first", "anonymous", "CPU since the row before"]]
        var before: Double?
        for minute in minutes {
            let name = "endurance.\(Int(minute))"
            let rss = try figure("\(name).rss")
            let cpu = try figure("\(name).cpu")
            var share = ""
            if let before, let earlier = figures["endurance.\(Int(before)).cpu"]?.last {
                share = ReportUnit.milliCPU.text((cpu - earlier) / ((minute - before) * 60e9) * 1e3)
            }
            table.append([
                "\(Int(minute))", megabytes(rss), megabytes(try rss - figure("endurance.\(Int(first)).rss")),
                megabytes(try figure("\(name).anonymous")), share,
            ])
            before = minute
        }
        let grown = try figure("endurance.\(Int(last)).rss") / figure("endurance.\(Int(first)).rss") - 1
        let text =
            TextTable.aligned(table, numbers: 0...4)
            + "\ngrown by \(Rounds.text(grown * 100, noise: 0.3)) % from minute \(Int(first)) to \(Int(last)); "
            + "\(Int(try figure("endurance.replaced"))) containers replaced, "
            + "\(Int(try figure("endurance.lost"))) samples lost\n"
        guard StandardOutput.write(text) else { throw BenchError("standard output is gone") }
    }

    private static func megabytes(_ bytes: Double) -> String { "\(Rounds.text(bytes / 1e6, noise: 0.3)) MB" }
}
