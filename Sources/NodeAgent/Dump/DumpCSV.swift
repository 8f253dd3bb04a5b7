// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// The report as comma-separated values (RFC 4180): a line of names, then one for each pod, container and sandbox.
enum DumpCSV {
    /// The line of names is the same whatever there is.
    static let header: String = {
        let anything = DumpPod(uid: "", qos: .bestEffort, cgroup: nil, figures: DumpFigures(), rows: [])
        return line(DumpFields.of(anything).map(\.name))
    }()

    static func rows(_ report: DumpReport) -> String {
        var text = ""
        for pod in report.pods {
            text += line(DumpFields.of(pod).map(cell))
            for row in pod.rows { text += line(DumpFields.of(row, in: pod).map(cell)) }
        }
        return text
    }

    private static func cell(_ field: DumpField) -> String {
        switch field.value {
        case .text(let text): quoted(printable(text ?? ""))
        case .number(let number): number.map { "\($0)" } ?? ""
        case .list(let list): quoted(printable(list.joined(separator: ";")))
        }
    }

    private static func line(_ cells: [String]) -> String { cells.joined(separator: ",") + "\r\n" }

    private static func quoted(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
