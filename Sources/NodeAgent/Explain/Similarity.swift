// SPDX-License-Identifier: Apache-2.0

/// How near a name is to what was typed.
enum Similarity {
    /// Longer texts are names of nothing in Kubernetes.
    private static let longest = 512

    /// 0 is the nearest; nil: not near enough to be meant. `name` may have a part before a slash that was left out.
    static func distance(_ typed: String, _ name: String) -> Int? {
        let last = name.split(separator: "/").last.map(String.init) ?? name
        let first = name.split(separator: "/").first.map(String.init) ?? name
        return [name, last, first].compactMap { near(typed, $0) }.min()
    }

    private static func near(_ typed: String, _ name: String) -> Int? {
        guard typed.utf8.count >= 3, typed.utf8.count <= longest, name.utf8.count <= longest else { return nil }
        if name.hasPrefix(typed) || typed.hasPrefix(name) && name.utf8.count >= 3 { return 1 }
        if name.contains(typed) { return 2 }
        let edits = edits(Array(typed.utf8), Array(name.utf8))
        return edits <= max(2, typed.utf8.count / 5) ? edits + 2 : nil
    }

    /// Levenshtein's distance: insertions, deletions and replacements of a byte.
    static func edits(_ from: [UInt8], _ to: [UInt8]) -> Int {
        var row = Array(0...to.count)
        for (line, byte) in from.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for (column, other) in to.enumerated() {
                let replaced = diagonal + (byte == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[to.count]
    }
}
