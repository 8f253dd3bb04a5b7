// SPDX-License-Identifier: Apache-2.0
import CSpawn
public import Glibc
import TLS

/// A foreign program a test talks to, killed by its pid when the test is done with it.
public final class ChildProcess {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    public let pid: pid_t
    private let input: Int32
    private let output: Int32
    private var inputOpen = true
    private var status: Int32?
    /// Standard output and error so far.
    public private(set) var text = ""

    /// Starts `arguments[0]`, found in PATH, with standard output and error in one pipe.
    public init(_ arguments: [String]) throws {
        var inputPipe: [Int32] = [0, 0]
        var outputPipe: [Int32] = [0, 0]
        guard pipe(&inputPipe) == 0, pipe(&outputPipe) == 0 else { throw Failure(description: "pipe failed") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, inputPipe[0], 0)
        posix_spawn_file_actions_adddup2(&actions, outputPipe[1], 1)
        posix_spawn_file_actions_adddup2(&actions, outputPipe[1], 2)
        // Neither other children's pipes, which would not end, nor the connections of servers in this process, which would
        // not close for their peers: what NIO accepts it does not mark close-on-exec.
        CSpawn_add_close_from(&actions, 3)
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        argv.append(nil)
        defer { for pointer in argv { free(pointer) } }
        var child: pid_t = 0
        let result = posix_spawnp(&child, arguments[0], &actions, nil, argv, environ)
        close(inputPipe[0])
        close(outputPipe[1])
        input = inputPipe[1]
        output = outputPipe[0]
        pid = child
        guard result == 0 else {
            // There is no child; to kill process 0 would be to kill ourselves, and whoever runs us.
            status = 127
            throw Failure(description: "cannot start \(arguments[0]): errno \(result)")
        }
    }

    deinit {
        closeInput()
        close(output)
        if status == nil {
            kill(pid, SIGKILL)
            var ignored: Int32 = 0
            waitpid(pid, &ignored, 0)
        }
    }

    public func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
            if count <= 0 { return }
            bytes = bytes.dropFirst(count)
        }
    }

    public func closeInput() {
        if inputOpen { close(input) }
        inputOpen = false
    }

    /// Reads more output; false at its end or when `deadline` passes.
    private func readMore(_ deadline: Deadline) -> Bool {
        var entry = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, deadline.remainingMilliseconds) == 1 else { return false }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = read(output, &buffer, buffer.count)
        if count <= 0 { return false }
        text += String(decoding: buffer[..<count], as: UTF8.self)
        return true
    }

    /// Waits until the output contains `pattern`.
    public func expect(_ pattern: String, within milliseconds: Int64 = 20_000) throws {
        let deadline = Deadline.after(milliseconds: milliseconds)
        while !text.contains(pattern) {
            guard readMore(deadline) else { throw Failure(description: "no '\(pattern)' in the output: \(text)") }
        }
    }

    /// Collects the rest of the output and the exit status.
    public func finish(within milliseconds: Int64 = 20_000) throws -> Int32 {
        closeInput()
        let deadline = Deadline.after(milliseconds: milliseconds)
        while readMore(deadline) {}
        if deadline.hasPassed { throw Failure(description: "pid \(pid) does not end: \(text)") }
        var raw: Int32 = 0
        guard waitpid(pid, &raw, 0) == pid else { throw Failure(description: "waitpid failed") }
        let code = raw & 0x7F == 0 ? (raw >> 8) & 0xFF : 128 + (raw & 0x7F)
        status = code
        return code
    }

    /// Runs a program to its end.
    @discardableResult
    public static func run(_ arguments: [String], input: String = "") throws -> (status: Int32, text: String) {
        let process = try ChildProcess(arguments)
        process.write(input)
        let status = try process.finish()
        return (status, process.text)
    }

    /// Runs a program that must succeed.
    @discardableResult
    public static func check(_ arguments: [String], input: String = "") throws -> String {
        let (status, text) = try run(arguments, input: input)
        guard status == 0 else { throw Failure(description: "\(arguments) exited with \(status): \(text)") }
        return text
    }
}
