// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What a program prints.
enum ChildOutput {
    /// Runs a program to its end.
    /// - Parameter words: the program's path and its arguments.
    /// - Returns: its standard output, and the time from its start to the end of that, ns.
    static func of(_ words: [String]) throws -> (text: [UInt8], nanoseconds: Int64) {
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
        let code = posix_spawnp(&child, words[0], &actions, nil, arguments, environ)
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

    /// - Parameter scratch: a file for the bytes.
    static func inflate(_ bytes: [UInt8], scratch: String) throws -> [UInt8] {
        let descriptor = open(scratch, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BenchError("\(scratch): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        guard write(descriptor, bytes, bytes.count) == bytes.count else {
            throw BenchError("\(scratch): \(String(cString: strerror(errno)))")
        }
        return try of(["gzip", "-dc", scratch]).text
    }
}
