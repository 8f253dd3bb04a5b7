// SPDX-License-Identifier: Apache-2.0
import Console

/// The agent's log: state changes only, one logfmt line each on standard error.
struct AgentLog: Sendable {
    let level: LogLevel
    var write: @Sendable (LogLine) -> Void = { $0.write() }

    func debug(_ message: String, _ fields: (String, String)...) { log(.debug, message, fields) }
    func info(_ message: String, _ fields: (String, String)...) { log(.info, message, fields) }
    func warning(_ message: String, _ fields: (String, String)...) { log(.warning, message, fields) }
    func error(_ message: String, _ fields: (String, String)...) { log(.error, message, fields) }

    private func log(_ level: LogLevel, _ message: String, _ fields: [(String, String)]) {
        guard level >= self.level else { return }
        var line = LogLine(level: level, message: message)
        for (key, value) in fields { line.field(key, value) }
        write(line)
    }
}
