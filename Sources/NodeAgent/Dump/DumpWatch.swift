// SPDX-License-Identifier: Apache-2.0
import Console
import Glibc
import TLS

/// `--dump --watch`: prints again and again, until a signal comes or nobody reads any more. A terminal is drawn anew;
/// anything else is appended to.
struct DumpWatch {
    let collector: DumpCollector
    let options: AgentOptions
    let signals: SignalDescriptor

    /// Why there is nothing more to print.
    private enum End: Error {
        case signal
        case nobodyReads
        case failed(SystemFailure)
    }

    func run() throws {
        let format = options.dump.format
        let redraws = format.isTable && Terminal.current()?.isSteerable == true
        do {
            defer { if redraws { Self.restoreTerminal() } }
            if redraws { try write(Screen.begin) }
            if format == .csv { try write(DumpCSV.header) }
            try loop { report, isFirst in
                if redraws {
                    try write(Screen.frame(report, format))
                } else {
                    // The names of the columns are there already.
                    let text =
                        format == .csv
                        ? DumpCSV.rows(report) : Dump.render(report, format, terminal: Terminal.current())
                    try write(format.isTable && !isFirst ? "\n" + text : text)
                }
            }
        } catch End.signal, End.nobodyReads {
            return
        } catch End.failed(let failure) {
            throw failure
        }
    }

    /// What a stopped terminal gets to let go before it is left as it is, in ms; the signals are blocked, so nothing else
    /// could end this wait.
    private static let patience: Int32 = 200

    /// How long a program that reads has, after a signal, to take the rest of a report.
    private static let readerPatience: Duration = .seconds(5)

    private static func restoreTerminal() {
        var entry = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        if unsafe poll(&entry, 1, patience) > 0 { StandardOutput.write(Screen.end) }
    }

    private func loop(_ show: (DumpReport, _ isFirst: Bool) throws -> Void) throws {
        // As with a push, the first figures do not wait for a whole interval.
        let pause = min(collector.pause, options.interval)
        var tick = Deadline.after(pause)
        if collector.beginsWithReading { try collector.begin() }
        var earliest = Dump.leastEnd(of: pause)
        var isFirst = true
        while true {
            try wait(until: max(tick, earliest))
            earliest = Dump.leastEnd(of: options.interval)
            try show(try collector.report(), isFirst)
            isFirst = false
            // A late one does not push the others back.
            tick = tick.advanced(by: options.interval)
            if tick.hasPassed { tick = Deadline.after(options.interval) }
        }
    }

    private func wait(until deadline: Deadline) throws {
        repeat {
            _ = try isReady(for: 0, within: deadline.remainingMilliseconds)
        } while !deadline.hasPassed
    }

    /// Waits for what `events` are of standard output, and takes notice of a signal and of a reader that is gone.
    private func isReady(for events: Int32, within milliseconds: Int32) throws -> Bool {
        var entries = [
            pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: STDOUT_FILENO, events: Int16(events), revents: 0),
        ]
        guard unsafe poll(&entries, 2, milliseconds) > 0 else { return false }
        if entries[0].revents != 0 { throw End.signal }
        if Int32(entries[1].revents) & (POLLERR | POLLHUP) != 0 { throw End.nobodyReads }
        return entries[1].revents != 0
    }

    /// In pieces, each when there is room for it: who stopped the terminal must be able to end the program too.
    private func write(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        var end: Deadline?
        while !rest.isEmpty {
            try waitForRoom(until: &end, hasBegun: rest.startIndex > 0)
            let piece = rest.prefix(Int(PIPE_BUF))
            let count = unsafe piece.withUnsafeBytes { unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            if count < 0, errno == EPIPE || errno == EIO { throw End.nobodyReads }
            guard count > 0 else { throw End.failed(SystemFailure(call: "write to standard output")) }
            rest = rest.dropFirst(count)
        }
    }

    /// A program that reads gets what was begun although a signal has come: half a line of JSON is of no use to it. Whoever
    /// looks at a terminal wants the end.
    /// - Parameter end: until when it waits for room; nil: no signal has come.
    private func waitForRoom(until end: inout Deadline?, hasBegun: Bool) throws {
        while end == nil {
            do {
                if try isReady(for: POLLOUT, within: -1) { return }
            } catch End.signal where hasBegun && isatty(STDOUT_FILENO) == 0 {
                end = .after(Self.readerPatience)
            }
        }
        guard let end else { return }
        var entry = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        guard unsafe poll(&entry, 1, end.remainingMilliseconds) > 0 else { throw End.signal }
        if Int32(entry.revents) & (POLLERR | POLLHUP) != 0 { throw End.nobodyReads }
    }
}

/// What a terminal is told around a report (ECMA-48, and xterm's private modes 7 and 25).
enum Screen {
    /// No cursor that jumps about, and no line that takes two.
    static let begin = "\u{1b}[?25l\u{1b}[?7l\u{1b}[H\u{1b}[J"
    static let end = "\u{1b}[?7h\u{1b}[?25h"

    /// From the top left over what is there: clearing the whole screen first would make it flicker.
    static func frame(_ report: DumpReport, _ format: DumpFormat) -> String {
        let terminal = Terminal.current()
        let lines = DumpTable.lines(report, wide: format == .wide, terminal: terminal)
        return frame(lines, height: terminal?.height)
    }

    /// - Parameter height: of the terminal; more would scroll, and the next frame would not begin where this one did.
    static func frame(_ lines: [String], height: Int?) -> String {
        var shown = lines
        if let height, height > 1, lines.count >= height {
            shown = Array(lines.prefix(height - 2))
            shown.append("... \(lines.count - shown.count) lines more; --top N, --namespace and --pod show less")
        }
        return "\u{1b}[H" + shown.map { $0 + "\u{1b}[K\n" }.joined() + "\u{1b}[J"
    }
}
