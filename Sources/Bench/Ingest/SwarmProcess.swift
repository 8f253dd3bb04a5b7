// SPDX-License-Identifier: Apache-2.0
import Formats
import Glibc

/// A swarm that pushes to the aggregator, and what it says of itself. Ends with this value.
final class SwarmProcess {
    private let pid: pid_t
    /// Its number may be another process' by now.
    private var isReaped = false
    private let report: String

    /// - Parameters:
    ///   - program: the swarm's executable.
    ///   - report: the file that it reports to.
    ///   - flags: who the nodes are, and what they do.
    init(program: String, report: String, aggregator: AggregatorState, flags: [String]) throws {
        self.report = report
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, report, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let arguments =
            [program] + aggregator.swarmFlags + ["--report-every", "100ms", "-o", "json"] + flags
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in argv { free(pointer) } }
        var pid = pid_t()
        let code = posix_spawn(&pid, program, &actions, nil, &argv, environ)
        guard code == 0 else { throw BenchError("\(program): \(String(cString: strerror(code)))") }
        self.pid = pid
    }

    /// Waits until all sessions are open.
    func awaitSessions(within seconds: Int64) throws {
        let deadline = Clocks.monotonic + seconds * 1_000_000_000
        while try lastReport()?["ramp_ms"]?.integer == nil {
            guard Clocks.monotonic < deadline, !hasEnded else {
                throw BenchError("the swarm has not opened its sessions; its last word: \(try lastWord() ?? "none")")
            }
            Clocks.sleep(milliseconds: 10)
        }
    }

    /// Waits for its end.
    /// - Returns: its last report.
    /// - Throws: when it could not be the load that was asked for.
    func finish(within seconds: Int64) throws -> JSONValue {
        let deadline = Clocks.monotonic + seconds * 1_000_000_000
        while !hasEnded {
            guard Clocks.monotonic < deadline else { throw BenchError("the swarm does not end") }
            Clocks.sleep(milliseconds: 50)
        }
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        isReaped = true
        guard status == 0, let report = try lastReport() else {
            throw BenchError("the swarm was not the load that was asked for: \(try lastWord() ?? "it said nothing")")
        }
        return report
    }

    /// Makes this process the swarm.
    static func replaceSelf(program: String, flags: [String]) throws {
        let argv: [UnsafeMutablePointer<CChar>?] = ([program] + flags).map { strdup($0) } + [nil]
        execv(program, argv)
        throw BenchError("\(program): \(String(cString: strerror(errno)))")
    }

    /// What it has sent up to its last report, at most 100 ms ago; nil before the first.
    func totals() throws -> (samples: Int64, wireBytes: Int64)? {
        guard let report = try lastReport(), let samples = report["samples"]?.integer,
            let bytes = report["wire_bytes_out"]?.integer
        else { return nil }
        return (samples, bytes)
    }

    /// How long its agents took to come back from its storm, ns; nil as long as they have not.
    func stormRecovery() throws -> Int64? { try lastReport()?["storm_recovery_ms"]?.integer.map { $0 * 1_000_000 } }

    /// Stops it where it stands; its connections stay. Not longer than an interval, or turns are left out.
    func pause() { kill(pid, SIGSTOP) }
    func goOn() { kill(pid, SIGCONT) }

    deinit {
        guard !isReaped else { return }
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    private var hasEnded: Bool {
        var info = siginfo_t()
        return waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_signo != 0
    }

    private func lastReport() throws -> JSONValue? { try lastWord().flatMap { JSONValue(parsing: Array($0.utf8)) } }

    /// The last whole line.
    private func lastWord() throws -> Substring? {
        let text = try TextFile.read(report)
        return text[..<(text.lastIndex(of: "\n") ?? text.startIndex)].split(separator: "\n").last
    }
}
