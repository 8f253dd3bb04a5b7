// SPDX-License-Identifier: Apache-2.0
import TLS

/// Names of nodes, as an operator gives them and as messages show them.
enum NodeNames {
    /// More would hide what else a message says, and an agent's refusal has a cap.
    private static let mostShown = 5
    /// A DNS subdomain's, which names of nodes are.
    private static let mostBytes = 253

    /// Those of the command line, and then those of its file.
    static func all(of configuration: StandaloneConfiguration) throws(StartupError) -> [String] {
        guard let file = configuration.nodeNamesFile else { return configuration.nodeNames }
        return configuration.nodeNames + (try read(file: file))
    }

    /// Names a line each, or several with commas between them.
    /// - Throws: `StartupError` that names the flag and the line.
    static func read(file path: String) throws(StartupError) -> [String] {
        let flag = "--node-names-file"
        let bytes: [UInt8]
        do {
            bytes = try SmallFile.read(path)
        } catch {
            throw StartupError("\(flag): \(error)")
        }
        var names: [String] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() {
            for part in line.split(separator: UInt8(ascii: ",")) {
                let trimmed = part.trimming(Array(" \t\r".utf8))
                if trimmed.isEmpty { continue }
                // Printable ASCII: a name with anything else no node can have.
                guard trimmed.count <= mostBytes, trimmed.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                    throw StartupError("\(flag): line \(number + 1) of \(path) is no name of a node; give one a line")
                }
                names.append(String(decoding: trimmed, as: UTF8.self))
            }
        }
        guard !names.isEmpty else { throw StartupError("\(flag): \(path) names no node; give one a line") }
        return names
    }

    /// The first few, and how many more there are: `n1, n2 and 3 more`.
    static func shown(_ names: [String]) -> String {
        let more = names.count - mostShown
        return names.prefix(mostShown).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }
}

extension ArraySlice<UInt8> {
    fileprivate func trimming(_ spaces: [UInt8]) -> ArraySlice<UInt8> {
        var rest = drop { spaces.contains($0) }
        while let last = rest.last, spaces.contains(last) { rest.removeLast() }
        return rest
    }
}
