// SPDX-License-Identifier: Apache-2.0
import Console

@testable import NodeAgent

/// What the agent logs in a test.
struct CollectedLog: Sendable {
    let lines = Watched<[String]>([])

    var log: AgentLog {
        AgentLog(level: .debug) { [lines] line in lines.change { $0.append(line.text) } }
    }

    /// Waits for a line with all of these in it.
    @discardableResult
    func line(with parts: String...) throws -> String {
        try lines.wait(for: "log line with \(parts)") { lines in
            lines.first { line in parts.allSatisfy { line.contains($0) } }
        }
    }

    func count(_ part: String) -> Int { lines.now.count { $0.contains(part) } }
}
