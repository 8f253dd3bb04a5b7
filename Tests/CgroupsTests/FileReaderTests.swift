// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import Cgroups

@Suite("Reading files")
struct FileReaderTests {
    let node = FakeNode(.v2)

    private func key(_ text: String) throws(ReadFailure) -> UInt64 {
        node.write("f/memory.stat", text)
        guard let directory = try? DirectoryHandle(root: node.directory + "/f") else { return 0 }
        var reader = FileReader()
        return try reader.number("inactive_file", of: "memory.stat", in: directory)
    }

    @Test("a key behind more than one buffer is found, up to the cap", arguments: [8 << 10, 40 << 10, 600 << 10])
    func large(_ size: Int) throws {
        let filler = String(repeating: "some_key 12345\n", count: size / 15)
        #expect(try key(filler + "inactive_file 77\n") == 77)
    }

    @Test("a file beyond the cap is malformed")
    func tooLarge() {
        let filler = String(repeating: "some_key 12345\n", count: (FileReader.maximumSize + 100_000) / 15)
        #expect(throws: ReadFailure.malformed) { try key(filler + "inactive_file 77\n") }
    }

    @Test("an empty file is malformed, a missing one missing, and a link is not followed")
    func failures() throws {
        #expect(throws: ReadFailure.malformed) { try key("") }
        symlink("memory.stat", node.directory + "/f/cpu.stat")
        let directory = try DirectoryHandle(root: node.directory + "/f")
        var reader = FileReader()
        var failure: ReadFailure?
        do { _ = try reader.number("memory.current", in: directory) } catch { failure = error }
        #expect(failure == .system(SystemFailure(errno: ENOENT)))
        do { _ = try reader.number("usage_usec", of: "cpu.stat", in: directory) } catch { failure = error }
        #expect(failure == .system(SystemFailure(errno: ELOOP)))
    }

    @Test("descriptors are closed again")
    func descriptors() throws {
        let directory = try DirectoryHandle(root: node.directory + "/proc")
        var reader = FileReader()
        func lowest() -> Int32 {
            let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
            close(file)
            return file
        }
        _ = lowest()
        for _ in 0..<2000 {
            _ = try? reader.number("absent", in: directory)
            _ = try? reader.number("x", of: "stat", in: directory)
            _ = try? reader.number("absent", in: try DirectoryHandle(root: node.directory + "/log"))
        }
        // Other tests open files meanwhile; 6000 leaked ones would show.
        #expect(lowest() < 3000)
    }
}
