// SPDX-License-Identifier: Apache-2.0
import Calendar
import Glibc

/// How much a program tells.
public enum LogLevel: Int, Comparable, CaseIterable, Sendable {
    case debug, info, warning, error

    public var name: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }

    public static func parse(_ text: String) throws(FlagError) -> LogLevel {
        guard let level = allCases.first(where: { $0.name == text }) else {
            let names = allCases.map(\.name).joined(separator: ", ")
            throw FlagError("\"\(text)\" is not a log level; choose one of \(names)")
        }
        return level
    }
}

/// One line of structured log, in logfmt: `time=… level=info msg="session open" aggregator=10.0.0.7:4444`.
///
/// Both programs write it, so that an operator reads and searches one format.
public struct LogLine: Sendable {
    private var bytes: [UInt8] = []

    public init(level: LogLevel, message: String, unixNanoseconds: Int64 = LogLine.now()) {
        append("time=")
        append(
            UTCTime(unixSeconds: unixNanoseconds / 1_000_000_000)
                .rfc3339(milliseconds: unixNanoseconds / 1_000_000 % 1_000))
        append(" level=")
        append(level.name)
        field("msg", message)
    }

    public mutating func field(_ key: String, _ value: String) {
        append(" ")
        append(key)
        append("=")
        appendValue(value)
    }

    /// Writes the line to standard error in one call, so that lines of two threads do not mix.
    public consuming func write() {
        append("\n")
        unsafe bytes.withUnsafeBytes { buffer in
            // A log that cannot be written has nowhere to complain.
            _ = unsafe Glibc.write(STDERR_FILENO, buffer.baseAddress, buffer.count)
        }
    }

    /// The line without its newline.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// CLOCK_REALTIME, nanoseconds.
    public static func now() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// Quotes what needs it and escapes control bytes: a log line is one line whatever a peer sends.
    private mutating func appendValue(_ value: String) {
        let plain = value.unicodeScalars.allSatisfy {
            !$0.isControl && $0 != " " && $0 != "\"" && $0 != "=" && $0 != "\\"
        }
        if plain && !value.isEmpty {
            append(value)
            return
        }
        append("\"")
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": append("\\\"")
            case "\\": append("\\\\")
            case "\n": append("\\n")
            case "\t": append("\\t")
            case _ where scalar.isControl: append(scalar.numbered)
            default: append(String(Character(scalar)))
            }
        }
        append("\"")
    }
}
