// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

/// `agent --dump --watch` on a real terminal, and without one.
@Suite struct DumpWatchTests {
    private static let home = "\u{1b}[H"
    private static let hide = "\u{1b}[?25l"
    private static let show = "\u{1b}[?25h"

    private let node = FixtureNode()

    init() {
        for number in 1...6 {
            node.container(id(number), cpu: 1_000_000, memory: 64 << 10)
            node.link(pod: "web-7d4b9c6f5d-x2x1z-with-a-long-name", container: "container-\(number)", id: id(number))
        }
    }

    private var command: [String] {
        [Programs.agent, "--dump", "--watch", "--interval", "1s", "--node-name", "fixture"] + node.flags
    }

    /// What was drawn from the top left corner each time.
    private static func frames(_ text: String) -> [String] {
        var frames: [String] = []
        var rest = text[...]
        while let range = rest.firstRange(of: "\(home)NODE") {
            rest = rest[range.upperBound...]
            guard let end = rest.firstRange(of: "\u{1b}[J") else { break }
            frames.append("NODE" + rest[..<end.lowerBound])
        }
        return frames
    }

    /// The lines of a frame as they stand on the screen.
    private static func lines(_ frame: String) -> [String] {
        var text = frame
        for code in ["\u{1b}[K", "\u{1b}[1m", "\u{1b}[33m", "\u{1b}[1;31m", "\u{1b}[0m"] {
            while let range = text.firstRange(of: code) { text.removeSubrange(range) }
        }
        return text.split(separator: "\r\n").map(String.init)
    }

    @Test("A terminal is drawn anew from its corner, at its size of that moment, and Ctrl-C gives the cursor back")
    func redraw() async throws {
        let terminal = try PseudoTerminal(command, columns: 100, rows: 40)
        try await terminal.until("two frames") { Self.frames($0).count >= 2 }
        #expect(terminal.text.hasPrefix(Self.hide))
        let wide = Self.lines(try #require(Self.frames(terminal.text).last))
        #expect(wide.contains { $0.contains("QOS/FROM") } && wide.contains { $0.hasPrefix("  container-6") })
        #expect(wide.allSatisfy { $0.count <= 100 })

        terminal.resize(columns: 70, rows: 10)
        try await terminal.until("a frame of the new size") { text in
            guard let frame = Self.frames(text).last else { return false }
            let lines = Self.lines(frame)
            return lines.count <= 9 && lines.dropFirst(3).allSatisfy { $0.count <= 70 }
        }
        let small = try #require(Self.frames(terminal.text).last)
        #expect(small.contains("lines more"))

        terminal.type("\u{3}")
        #expect(try await terminal.end() == 0)
        #expect(terminal.text.hasSuffix(Self.show) || terminal.text.hasSuffix(Self.show + "^C"))
    }

    @Test("SIGTERM gives the cursor back too, also before the first frame", arguments: [0, 1])
    func terminate(frames: Int) async throws {
        let terminal = try PseudoTerminal(command)
        try await terminal.until("a beginning") { $0.contains(Self.hide) && Self.frames($0).count >= frames }
        terminal.signal(SIGTERM)
        #expect(try await terminal.end() == 0)
        #expect(terminal.text.hasSuffix(Self.show))
    }

    @Test("A terminal that was stopped with Ctrl-S does not keep it alive")
    func stopped() async throws {
        let terminal = try PseudoTerminal(command)
        try await terminal.until("a frame") { Self.frames($0).count >= 1 }
        terminal.type("\u{13}")
        terminal.signal(SIGTERM)
        #expect(try await terminal.end() == 0)
    }

    @Test("A terminal that obeys nothing is appended to")
    func dumb() async throws {
        let terminal = try PseudoTerminal(command, environment: ["TERM=dumb"])
        try await terminal.until("two reports") { $0.split(separator: "NODE fixture").count >= 2 }
        terminal.type("\u{3}")
        #expect(try await terminal.end() == 0)
        #expect(!terminal.text.contains("\u{1b}"))
    }

    @Test("Without a terminal reports are appended, and no control sequence is written")
    func append() async throws {
        let program = try Program(command)
        try await program.awaitLine("NODE fixture", count: 2)
        program.signal(SIGINT)
        #expect(try await program.end() == 0)
        #expect(!program.text.contains("\u{1b}") && program.text.contains("log-link\n"))
    }

    @Test("JSON and CSV go on too; the names of CSV's columns come once")
    func machines() async throws {
        let json = try Program(command + ["-o", "json"])
        let csv = try Program(command + ["-o", "csv"])
        try await json.awaitLine("\"kind\":\"node\"", count: 2)
        func rows(_ start: String) -> Int { csv.text.split(separator: "\r\n").count { $0.hasPrefix(start) } }
        try await csv.until("two reports") { rows("pod,default,") >= 2 }
        for program in [json, csv] {
            program.signal(SIGTERM)
            #expect(try await program.end() == 0)
        }
        for line in json.text.split(separator: "\n") { _ = try TestJSON(String(line)) }
        #expect(rows("kind,namespace,pod,") == 1)
    }

    @Test("A reader that has stopped within a report does not keep it alive for long")
    func stoppedReader() async throws {
        for number in 7...150 { node.container(id(number), cpu: 1_000_000, memory: 64 << 10) }
        let program = try Program(command + ["-o", "json"])
        // Nobody reads, and the pipe is full with a third of it.
        try await program.until("half a report") { program.writtenBytes >= 60_000 }
        program.signal(SIGTERM)
        try await program.until("its end", within: .seconds(15)) { !program.isRunning }
        #expect(try await program.end() == 0)
    }

    @Test("A report that is being written when a signal comes is written to its end as long as somebody reads")
    func begun() async throws {
        // More than several pipes have room for.
        for number in 7...150 { node.container(id(number), cpu: 1_000_000, memory: 64 << 10) }
        let program = try Program(command + ["-o", "json"])
        // Stopped within a report, of which the pipe cannot take the rest unless somebody reads.
        try await program.until("half a report") {
            program.signal(SIGSTOP)
            let text = program.text
            if !text.isEmpty && text.last != "\n" { return true }
            program.signal(SIGCONT)
            return false
        }
        program.signal(SIGTERM)
        program.signal(SIGCONT)
        #expect(try await program.end() == 0)
        let lines = program.text.split(separator: "\n")
        for line in lines { _ = try TestJSON(String(line)) }
        // Each report is whole: the node's line, its pods' and theirs.
        let starts = lines.indices.filter { lines[$0].contains("\"kind\":\"node\"") }
        let lengths = zip(starts, starts.dropFirst() + [lines.count]).map { $1 - $0 }
        #expect(lengths.first ?? 0 > 100 && Set(lengths).count == 1, "\(lengths)")
    }

    @Test("A reader that goes away ends it, and is no failure, however long the interval is")
    func readerGone() async throws {
        let slow = command.map { $0 == "1s" ? "5m" : $0 }.map { "'\($0)'" }.joined(separator: " ")
        let clock = ContinuousClock()
        let elapsed = try await clock.measure {
            let (status, text) = try await Program.run(["bash", "-c", "set -o pipefail; \(slow) | head -n 1"])
            #expect(status == 0 && text.hasPrefix("NODE fixture"), "\(text)")
        }
        #expect(elapsed < .seconds(20))
    }

    @Test("Output that cannot be written is a failure, and one that nobody reads is none")
    func output() async throws {
        let command = ([Programs.agent, "--dump"] + node.flags).map { "'\($0)'" }.joined(separator: " ")
        let full = try await Program.run(["bash", "-c", "\(command) > /dev/full"])
        #expect(full.status == 1 && full.text.contains("No space left"), "\(full.text)")
        let watched = try await Program.run(["bash", "-c", "\(command) --watch > /dev/full"])
        #expect(watched.status == 1 && watched.text.contains("No space left"), "\(watched.text)")
        #expect(try await Program.run(["bash", "-c", "set -o pipefail; \(command) | true"]).status == 0)
    }
}
