// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLSTestSupport
import Testing

@testable import Aggregator

@Suite("The state directory")
struct StateDirectoryTests {
    let temporary = TemporaryDirectory()

    private func make() throws -> StateDirectory { try StateDirectory(path: temporary.file("state")) }

    private func mode(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
    }

    private func failure(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return (error as? StateDirectory.Failure)?.description
        }
    }

    @Test("it is made for its owner only, and so is every file in it")
    func modes() throws {
        let directory = try make()
        #expect(mode(directory.path) == 0o700)
        try directory.write("secret", [1, 2, 3])
        #expect(mode(directory.path(of: "secret")) == 0o600)
        try directory.write("secret", [4])
        #expect(mode(directory.path(of: "secret")) == 0o600)
        #expect(try directory.read("secret") == [4])
    }

    @Test("one that is there is used as it is")
    func again() throws {
        try make().write("a", [1])
        #expect(try make().read("a") == [1])
        #expect(try make().read("b") == nil)
    }

    @Test("a file is replaced whole: a reader that has it open keeps what it had, and nothing is left over")
    func replaces() throws {
        let directory = try make()
        try directory.write("a", Array("old".utf8))
        let reader = open(directory.path(of: "a"), O_RDONLY | O_CLOEXEC)
        defer { close(reader) }
        try directory.write("a", Array("newer".utf8))
        var bytes = [UInt8](repeating: 0, count: 16)
        #expect(read(reader, &bytes, bytes.count) == 3)
        #expect(try directory.read("a") == Array("newer".utf8))
        #expect(try ChildProcess.check(["ls", "-A", directory.path]) == "a\n")
    }

    @Test("a link in the place of a file is replaced, not followed")
    func link() throws {
        let directory = try make()
        let target = temporary.write("target", [9])
        #expect(symlink(target, directory.path(of: "a")) == 0)
        try directory.write("a", [1])
        #expect(TemporaryDirectory.read(target) == [9])
        #expect(try directory.read("a") == [1])
    }

    @Test("an empty file is no missing file, and one of 1 MiB is read whole")
    func sizes() throws {
        let directory = try make()
        try directory.write("empty", [])
        #expect(try directory.read("empty") == [])
        let large = [UInt8](repeating: 7, count: 1 << 20)
        try directory.write("large", large)
        #expect(try directory.read("large") == large)
    }

    @Test("a file larger than any of ours is refused by its name")
    func tooLarge() throws {
        let directory = try make()
        try directory.write("large", [UInt8](repeating: 7, count: (1 << 20) + 1))
        #expect(
            failure { _ = try directory.read("large") }
                == "--state-dir: \(directory.path)/large is larger than 1 MiB and not a file of this program; "
                + "name a directory of its own")
    }

    @Test("what cannot be made, read or written says which path and why")
    func failures() throws {
        let missing = temporary.file("no/such")
        #expect(
            failure { _ = try StateDirectory(path: missing) }
                == "--state-dir: cannot make \(missing): No such file or directory; name a directory that can be written"
        )
        let directory = try make()
        #expect(mkdir(directory.path(of: "folder"), 0o700) == 0)
        let wayOut = "name a directory that can be read and written"
        #expect(
            failure { _ = try directory.read("folder") }
                == "--state-dir: cannot read \(directory.path)/folder: Is a directory; \(wayOut)")
        #expect(
            failure { try directory.write("folder", [1]) }
                == "--state-dir: cannot write \(directory.path)/folder: Is a directory; \(wayOut)")
        #expect(try ChildProcess.check(["ls", "-A", directory.path]) == "folder\n")
    }

    @Test("a file in the directory's place is said to be one, at once")
    func fileInItsPlace() {
        let path = temporary.write("state", [1])
        #expect(
            failure { _ = try StateDirectory(path: path) }
                == "--state-dir: cannot make \(path): Not a directory; name a directory that can be written")
    }
}
