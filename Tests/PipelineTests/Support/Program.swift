// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLSTestSupport

/// A program under test, followed without holding up the threads that other tests run on.
final class Program {
    private let process: ChildProcess

    init(_ arguments: [String]) throws {
        process = try ChildProcess(arguments)
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Everything that it has written so far.
    var text: String {
        // Takes what is there; the pattern is one that no program writes.
        try? process.expect("\u{0}", within: 0)
        return process.text
    }

    func lines(with pattern: String) -> [Substring] {
        text.split(separator: "\n").filter { $0.contains(pattern) }
    }

    /// The time between the first lines with these patterns, by the program's own clock.
    func seconds(from first: String, to second: String) throws -> Double {
        func time(_ pattern: String) throws -> Double {
            // time=2006-01-02T15:04:05.678Z
            let parts = lines(with: pattern).first?.prefix { $0 != "Z" }.split(separator: "T").last?.split(
                separator: ":")
            guard let numbers = parts?.compactMap({ Double($0) }), numbers.count == 3 else {
                throw Failure(description: "no time of '\(pattern)' in: \(text)")
            }
            return numbers[0] * 3_600 + numbers[1] * 60 + numbers[2]
        }
        let seconds = try time(second) - time(first)
        return seconds < -43_200 ? seconds + 86_400 : seconds
    }

    /// Waits until it has written so many lines with `pattern` in them.
    func awaitLine(_ pattern: String, count: Int = 1, within limit: Duration = .seconds(30)) async throws {
        try await until("\(count) lines with '\(pattern)'", within: limit) { lines(with: pattern).count >= count }
    }

    /// Waits for a condition that this program is to bring about.
    func until(_ what: String, within limit: Duration = .seconds(30), _ condition: () throws -> Bool) async throws {
        let deadline = ContinuousClock.now + limit
        while try !condition() {
            guard ContinuousClock.now < deadline else {
                throw Failure(description: "no \(what) within \(limit); the program wrote: \(text)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    var isRunning: Bool {
        var info = siginfo_t()
        // Looks without taking the status, which is for `end` to take.
        return waitid(P_PID, id_t(process.pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo == 0
    }

    /// Memory that it really occupies.
    var residentBytes: Int? { memory("VmRSS:") }

    /// The part of it that is no file's.
    var anonymousBytes: Int? { memory("RssAnon:") }

    /// How many files it has open.
    var descriptors: Int? {
        guard let stream = opendir("/proc/\(process.pid)/fd") else { return nil }
        defer { closedir(stream) }
        var count = 0
        while readdir(stream) != nil { count += 1 }
        // `.` and `..`
        return count - 2
    }

    /// What it has written to any file so far; asking takes nothing of its output.
    var writtenBytes: Int {
        let text = String(decoding: TemporaryDirectory.read("/proc/\(process.pid)/io"), as: UTF8.self)
        return text.split(separator: "\n").first { $0.hasPrefix("wchar: ") }.flatMap { Int($0.dropFirst(7)) } ?? 0
    }

    private func memory(_ key: String) -> Int? {
        let status = String(decoding: TemporaryDirectory.read("/proc/\(process.pid)/status"), as: UTF8.self)
        let line = status.split(separator: "\n").first { $0.hasPrefix(key) }
        return line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }.map {
            $0 << 10
        }
    }

    func signal(_ number: Int32) { kill(process.pid, number) }

    func write(_ input: String) { process.write(input) }

    /// The exit status; 128 and more is a signal.
    func end(within limit: Duration = .seconds(30)) async throws -> Int32 {
        try await until("end", within: limit) {
            _ = text
            return !isRunning
        }
        return try process.finish()
    }

    /// Runs a program to its end.
    static func run(_ arguments: [String], within limit: Duration = .seconds(30)) async throws -> (
        status: Int32, text: String
    ) {
        let program = try Program(arguments)
        let status = try await program.end(within: limit)
        return (status, program.text)
    }
}
