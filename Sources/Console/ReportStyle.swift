// SPDX-License-Identifier: Apache-2.0
import Glibc

/// How a doctor's report looks.
public struct ReportStyle: Equatable, Sendable {
    /// Columns to wrap at; nil: one line each, for a program that reads them.
    public var columns: Int?
    public var isColoured: Bool

    /// Narrower terminals wrap by themselves.
    private static let fewestColumns = 60

    public init(columns: Int? = nil, isColoured: Bool = false) {
        self.columns = columns
        self.isColoured = isColoured
    }

    /// For standard output as it is.
    public static func ofStandardOutput(environment: (String) -> String?) -> ReportStyle {
        guard isatty(STDOUT_FILENO) == 1 else { return ReportStyle() }
        var size = winsize()
        let isKnown = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return ofTerminal(columns: isKnown ? Int(size.ws_col) : nil, environment: environment)
    }

    public static func ofTerminal(columns: Int?, environment: (String) -> String?) -> ReportStyle {
        // no-color.org: set and not empty.
        let isPlain = environment("NO_COLOR")?.isEmpty == false || environment("TERM") == "dumb"
        return ReportStyle(columns: columns.map { max($0, fewestColumns) }, isColoured: !isPlain)
    }

    /// One line for each finding, its columns aligned, and what to do about it below; a sum at the end.
    public func render(_ findings: [Finding]) -> String {
        let subjectWidth = findings.map(\.subject.count).max() ?? 0
        let foundColumn = Self.verdictWidth + 2 + subjectWidth + 2
        var text = ""
        for finding in findings {
            let verdict = Self.padded(finding.verdict.rawValue, Self.verdictWidth)
            text += "\(coloured(verdict, finding.verdict))  \(Self.padded(finding.subject, subjectWidth))  "
            text += wrapped(finding.found, at: foundColumn) + "\n"
            for sentence in finding.fix {
                text += Self.spaces(Self.verdictWidth + 2) + "- "
                text += wrapped(sentence, at: Self.verdictWidth + 4) + "\n"
            }
        }
        let counts = [Finding.Verdict.ok, .warn, .fail].map { verdict in
            "\(findings.count { $0.verdict == verdict }) \(verdict.rawValue)"
        }
        return text + "\n" + counts.joined(separator: ", ") + "\n"
    }

    private static let verdictWidth = 4

    private func coloured(_ text: String, _ verdict: Finding.Verdict) -> String {
        guard isColoured else { return text }
        let colour =
            switch verdict {
            case .ok: "32"
            case .warn: "33"
            case .fail: "1;31"
            }
        return "\u{1B}[\(colour)m\(text)\u{1B}[0m"
    }

    /// Breaks between words; the lines that follow begin at `column`. What a server said cannot move the cursor.
    private func wrapped(_ text: String, at column: Int) -> String {
        let words = text.split(whereSeparator: { $0.isWhitespace }).map(Self.printable)
        guard let columns, columns > column + 20 else { return words.joined(separator: " ") }
        var (result, used) = ("", 0)
        for word in words {
            if used > 0, used + 1 + word.count > columns - column {
                result += "\n" + Self.spaces(column)
                used = 0
            } else if used > 0 {
                result += " "
                used += 1
            }
            result += word
            used += word.count
        }
        return result
    }

    private static func printable(_ word: Substring) -> String {
        String(
            String.UnicodeScalarView(
                word.unicodeScalars.filter { $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) })
        )
    }

    private static func padded(_ text: String, _ width: Int) -> String { text + spaces(width - text.count) }
    private static func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
}
