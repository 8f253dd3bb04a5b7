// SPDX-License-Identifier: Apache-2.0

/// A cell of a table: printable ASCII, one column of the terminal a character.
struct TextCell: ExpressibleByStringInterpolation {
    var text: String
    var style = TextStyle.plain

    init(stringLiteral text: String) { self.text = text }

    init(_ text: String, _ style: TextStyle = .plain) {
        self.text = text
        self.style = style
    }
}

/// Lays out rows of cells in columns that line up.
struct TextTable {
    struct Column {
        let title: String
        /// Figures end in one column, text begins in one.
        var isFigure = true
    }

    let columns: [Column]
    let rows: [[TextCell]]
    /// What a line may take; the first column is cut for it, never below `minimum`.
    var width: Int?
    var hasColour = false

    private static let gap = "  "
    /// Of the first column: a namespace, and the end of a name.
    private static let minimum = 24

    /// Whether cutting the first column is enough.
    var fits: Bool {
        guard let width, let first = naturalWidths.first else { return true }
        return min(first, Self.minimum) + widthOfOthers(naturalWidths) <= width
    }

    func lines() -> [String] {
        let header = columns.map { TextCell($0.title, .bold) }
        var widths = naturalWidths
        if let width, let first = widths.first {
            widths[0] = min(first, max(Self.minimum, width - widthOfOthers(widths)))
        }
        return ([header] + rows).map { line($0, widths) }
    }

    private var naturalWidths: [Int] {
        columns.indices.map { column in
            rows.reduce(columns[column].title.utf8.count) { max($0, $1[column].text.utf8.count) }
        }
    }

    private func widthOfOthers(_ widths: [Int]) -> Int {
        widths.dropFirst().reduce(0) { $0 + Self.gap.utf8.count + $1 }
    }

    private func line(_ cells: [TextCell], _ widths: [Int]) -> String {
        var line = ""
        var owed = ""
        for (column, cell) in cells.enumerated() {
            let text = column == 0 ? Self.cut(cell.text, to: widths[0]) : cell.text
            // The ellipsis is the one character that has more bytes than columns.
            let padding = String(repeating: " ", count: max(0, widths[column] - text.count))
            if columns[column].isFigure { owed += padding }
            if !text.isEmpty {
                line += owed + cell.style.applied(to: text, colour: hasColour)
                owed = ""
            }
            // Blanks at the end of a line are never written.
            if !columns[column].isFigure { owed += padding }
            owed += Self.gap
        }
        return line
    }

    /// Out of the middle: the pods of one Deployment differ in their last five characters only.
    static func cut(_ text: String, to width: Int) -> String {
        guard text.utf8.count > width, width > 0 else { return text }
        let tail = min(6, width / 3)
        return text.prefix(width - 1 - tail) + "…" + text.suffix(tail)
    }
}
