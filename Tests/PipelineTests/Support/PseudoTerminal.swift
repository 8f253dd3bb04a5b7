// SPDX-License-Identifier: Apache-2.0
import CSpawn
import Glibc

/// A program on a terminal of its own, as somebody who sits at it runs it.
final class PseudoTerminal {
    private let terminal: Int32
    private let process: pid_t
    private var status: Int32?
    private(set) var text = ""

    // Macros of asm-generic/ioctls.h (TIOCSPTLCK, TIOCGPTN) and spawn.h (POSIX_SPAWN_SETSID) that Swift does not see.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430
    private static let newSession: Int16 = 0x80

    /// Its environment says `xterm` and nothing of colours.
    init(_ arguments: [String], columns: UInt16 = 100, rows: UInt16 = 24, environment: [String] = ["TERM=xterm"]) throws
    {
        terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
        var (number, locked): (UInt32, Int32) = (0, 0)
        guard terminal >= 0, ioctl(terminal, Self.setLock, &locked) == 0, ioctl(terminal, Self.getNumber, &number) == 0
        else { throw Program.Failure(description: "no pseudo-terminal: errno \(errno)") }
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(terminal, UInt(TIOCSWINSZ), &size)

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/pts/\(number)", O_RDWR, 0)
        for descriptor: Int32 in [1, 2] { posix_spawn_file_actions_adddup2(&actions, 0, descriptor) }
        // As in ChildProcess.
        CSpawn_add_close_from(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The first terminal that a session's leader opens is its controlling one: Ctrl-C works.
        posix_spawnattr_setflags(&attributes, Self.newSession)
        let all = ["env", "-u", "NO_COLOR", "-u", "COLUMNS"] + environment + arguments
        var argv: [UnsafeMutablePointer<CChar>?] = all.map { strdup($0) }
        argv.append(nil)
        defer { for pointer in argv { free(pointer) } }
        var child: pid_t = 0
        let result = posix_spawnp(&child, "env", &actions, &attributes, argv, environ)
        process = child
        guard result == 0 else {
            status = 127
            throw Program.Failure(description: "cannot start \(arguments): errno \(result)")
        }
    }

    deinit {
        if status == nil {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        close(terminal)
    }

    func resize(columns: UInt16, rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(terminal, UInt(TIOCSWINSZ), &size)
    }

    func type(_ keys: String) {
        let bytes = Array(keys.utf8)
        _ = Glibc.write(terminal, bytes, bytes.count)
    }

    func signal(_ number: Int32) { kill(process, number) }

    /// Waits for a condition on all that was written so far.
    func until(_ what: String, within limit: Duration = .seconds(30), _ condition: (String) -> Bool) async throws {
        let deadline = ContinuousClock.now + limit
        while true {
            read()
            if condition(text) { return }
            guard ContinuousClock.now < deadline else {
                throw Program.Failure(description: "no \(what) within \(limit): \(text.debugDescription)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// The exit status; 128 and more is a signal.
    func end() async throws -> Int32 {
        var raw: Int32 = 0
        try await until("end") { _ in waitpid(process, &raw, WNOHANG) == process }
        read()
        let code = raw & 0x7F == 0 ? (raw >> 8) & 0xFF : 128 + (raw & 0x7F)
        status = code
        return code
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            // An error is the end: nobody has the other side open any more.
            let count = Glibc.read(terminal, &buffer, buffer.count)
            if count <= 0 { return }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
    }
}
