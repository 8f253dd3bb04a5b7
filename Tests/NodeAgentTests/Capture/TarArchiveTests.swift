// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Glibc
import TLSTestSupport
import Testing

@testable import NodeAgent

/// What the usual programs make of our archives.
@Suite("The archive of a capture")
struct TarArchiveTests {
    private static let time: Int64 = 1_700_000_000_123_456_789

    private static func file(_ path: String, _ text: String = "x\n") -> CapturedEntry {
        CapturedEntry(path: path, content: .file(Array(text.utf8)), permissions: 0o644, modificationTime: time)
    }

    private static func directory(_ path: String) -> CapturedEntry {
        CapturedEntry(path: path, content: .directory, permissions: 0o750, modificationTime: time)
    }

    private static func link(_ path: String, to target: String) -> CapturedEntry {
        CapturedEntry(path: path, content: .link(target), permissions: 0o777, modificationTime: time)
    }

    /// An archive in a directory of its own, extracted next to it.
    private struct Archive {
        let directory = TemporaryDirectory()
        let path: String
        var extracted: String { directory.file("out") }

        init(_ entries: [CapturedEntry]) throws {
            path = directory.write("a.tar", entries.flatMap { TarArchive.encode($0) } + TarArchive.end)
            try ChildProcess.check(["mkdir", directory.file("out")])
        }

        func extract() throws {
            let (status, text) = try ChildProcess.run(["tar", "xf", path, "-C", extracted])
            // Not even a warning.
            #expect(status == 0 && text.isEmpty, "\(text)")
        }

        func bytes(_ path: String) -> [UInt8] { TemporaryDirectory.read(extracted + "/" + path) }
    }

    @Test("paths of every length come back", arguments: [1, 98, 99, 100, 101, 155, 156, 250, 256, 257, 1000, 3000])
    func lengths(_ length: Int) throws {
        // Of a path's parts none may be longer than 255.
        var path = String(repeating: "d", count: length)
        for index in stride(from: 100, to: length - 1, by: 101) {
            let position = path.index(path.startIndex, offsetBy: index)
            path.replaceSubrange(position...position, with: "/")
        }
        let archive = try Archive([Self.file(path, "content\n"), Self.link("l", to: path)])
        try archive.extract()
        #expect(archive.bytes(path) == Array("content\n".utf8))
        #expect(try ChildProcess.check(["readlink", archive.extracted + "/l"]) == path + "\n")
    }

    @Test("contents of every size come back", arguments: [0, 1, 511, 512, 513, 1024, 100_000])
    func sizes(_ size: Int) throws {
        let text = String(repeating: "0123456789", count: size / 10 + 1).prefix(size)
        let archive = try Archive([Self.file("a", String(text)), Self.file("b")])
        try archive.extract()
        #expect(archive.bytes("a") == Array(text.utf8) && archive.bytes("b") == Array("x\n".utf8))
    }

    @Test("modes come back, and of directories and links the time to the nanosecond")
    func attributes() throws {
        let archive = try Archive([Self.directory("d"), Self.file("d/f"), Self.link("d/l", to: "/nowhere/at all")])
        try archive.extract()
        for (path, mode, isExact) in [("d", 0o750, true), ("d/f", 0o644, false), ("d/l", 0o777, true)] {
            var found = stat()
            try #require(lstat(archive.extracted + "/" + path, &found) == 0)
            #expect(Int(found.st_mode) & 0o777 == mode, "\(path)")
            #expect(found.st_mtim.tv_sec == 1_700_000_000, "\(path)")
            #expect(found.st_mtim.tv_nsec == (isExact ? 123_456_789 : 0), "\(path)")
        }
    }

    @Test(
        "hostile names are names and nothing else",
        arguments: [
            "a b", "-rf", "a\nb", "$(reboot)", "`id`;\"'", "\u{1b}[31mred", "käse-日本", "100%=\n12 path=/etc/passwd\n",
            "\\", "*",
        ])
    func hostile(_ name: String) throws {
        let long = String(repeating: "x", count: 120) + name
        let archive = try Archive([Self.file(name), Self.file(long), Self.link("l-" + name, to: "../" + name)])
        try archive.extract()
        #expect(archive.bytes(name) == Array("x\n".utf8) && archive.bytes(long) == Array("x\n".utf8))
        let listed = try Self.python("for m in t: print(repr([m.name, m.linkname]))", archive.path)
        #expect(listed.split(separator: "\n").count == 3, "\(listed)")
    }

    @Test("tar and Python's strict reader list the same, without a complaint")
    func listing() throws {
        let long = "sys/fs/cgroup/" + String(repeating: "kubepods/", count: 40)
        let archive = try Archive([
            Self.directory("sys"), Self.directory(long), Self.file(long + "memory.stat"), Self.file("proc/stat", ""),
            Self.link("l", to: long),
        ])
        let (status, names) = try ChildProcess.run(["tar", "tf", archive.path])
        #expect(status == 0 && names == "sys/\n\(long)/\n\(long)memory.stat\nproc/stat\nl\n")
        #expect(try ChildProcess.run(["tar", "tvf", archive.path]).status == 0)
        let listed = try Self.python("for m in t: print(m.name, m.size, m.uid, m.gid)", archive.path)
        let path = long.dropLast()
        #expect(listed == "sys 0 0 0\n\(path) 0 0 0\n\(long)memory.stat 2 0 0\nproc/stat 0 0 0\nl 0 0 0\n")
    }

    /// Runs a statement on the archive, `t`.
    private static func python(_ statement: String, _ path: String) throws -> String {
        let program = "import sys,tarfile\nt=tarfile.open(sys.argv[1],errorlevel=2,ignore_zeros=False)\n" + statement
        return try ChildProcess.check(["python3", "-c", program, path])
    }
}
