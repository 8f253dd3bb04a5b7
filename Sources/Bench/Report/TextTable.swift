// SPDX-License-Identifier: Apache-2.0

enum TextTable {
    /// Columns of one width, and numbers under each other.
    static func aligned(_ table: [[String]], numbers: ClosedRange<Int>) -> String {
        let widths = table[0].indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        return table.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let gap = String(repeating: " ", count: widths[column] - cell.count)
                line += numbers.contains(column) ? gap + cell + "  " : cell + gap + "  "
            }
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
