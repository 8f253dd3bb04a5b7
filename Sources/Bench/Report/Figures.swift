// SPDX-License-Identifier: Apache-2.0

/// What was recorded: each figure's rounds, by its name.
enum Figures {
    static func read(_ path: String) throws -> [String: [Double]] {
        var figures: [String: [Double]] = [:]
        for line in try TextFile.read(path).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let value = Double(words[1]) else { throw BenchError("\"\(line)\" is no figure") }
            figures[String(words[0]), default: []].append(value)
        }
        return figures
    }
}
