// SPDX-License-Identifier: Apache-2.0
import Glibc

/// `Bench dump --agent FILE --kubepods PATH --log-root DIR --containers N --pause MS`: from the exec of `agent --dump` to the
/// last byte of its table, less the pause between its two reads, as dump.N.ns.
enum DumpBench {
    static func run(_ flags: inout Flags) throws {
        let arguments = [
            try flags.text("agent"), "--dump", "--kubepods-root", try flags.text("kubepods"), "--log-root",
            try flags.text("log-root"),
        ]
        let containers = try flags.number("containers", 1...20_000)
        let pause = Int64(try flags.number("pause", 0...60_000)) * 1_000_000
        try flags.finish()
        let (text, nanoseconds) = try output(of: arguments)
        // More is said than the containers, and how is not this measurement's business.
        let lines = text.count { $0 == UInt8(ascii: "\n") }
        guard lines > containers, nanoseconds > pause else {
            throw BenchError(
                "agent --dump took \(nanoseconds) ns and printed \(lines) lines for \(containers) containers")
        }
        try record("dump.\(containers).ns", nanoseconds - pause)
    }

    private static func output(of words: [String]) throws -> (text: [UInt8], nanoseconds: Int64) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw BenchError("pipe: \(String(cString: strerror(errno)))") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        for end in ends { posix_spawn_file_actions_addclose(&actions, end) }
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var child = pid_t()
        let start = Clocks.monotonic
        let code = posix_spawn(&child, words[0], &actions, nil, arguments, environ)
        close(ends[1])
        defer { close(ends[0]) }
        guard code == 0 else { throw BenchError("\(words[0]): \(String(cString: strerror(code)))") }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(ends[0], &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            text += chunk[..<count]
        }
        let end = Clocks.monotonic
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else { throw BenchError("\(words.joined(separator: " ")) failed with status \(status)") }
        return (text, end - start)
    }
}
