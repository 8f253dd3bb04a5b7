// SPDX-License-Identifier: Apache-2.0
import Console

/// The agent's log: state changes only, one logfmt line each on standard error.
struct AgentLog: Sendable {
    let level: LogLevel

    func debug(_ message: String, _ fields: (String, String)...) { write(.debug, message, fields) }
    func info(_ message: String, _ fields: (String, String)...) { write(.info, message, fields) }
    func warning(_ message: String, _ fields: (String, String)...) { write(.warning, message, fields) }
    func error(_ message: String, _ fields: (String, String)...) { write(.error, message, fields) }

    private func write(_ level: LogLevel, _ message: String, _ fields: [(String, String)]) {
        guard level >= self.level else { return }
        var line = LogLine(level: level, message: message)
        for (key, value) in fields { line.field(key, value) }
        line.write()
    }
}
