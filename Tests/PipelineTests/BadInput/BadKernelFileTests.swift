// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLSTestSupport
import Testing

/// Things where a kernel's file should be, read by the program as it ships: it ends in time, only the figure of that file is
/// missing, and the file is named.
@Suite(.timeLimit(.minutes(5))) struct BadKernelFileTests {
    enum Kind: String, CaseIterable {
        case directory, fifo, silentFIFO, linkLoop, linkToGoodFile, garbage, empty, sparse, unreadable

        /// What the file is said to be.
        var cause: String {
            switch self {
            case .directory: "Is a directory"
            case .silentFIFO: "Resource temporarily unavailable"
            case .linkLoop, .linkToGoodFile: "symbolic links"
            case .fifo, .garbage, .empty, .sparse: "not what the kernel writes"
            case .unreadable: "Permission denied"
            }
        }
    }

    /// Puts one in a file's place, and keeps the other end of a FIFO open for as long as the value lives.
    private final class Culprit {
        private var writer: Int32 = -1

        init(_ kind: Kind, at path: String) throws {
            unlink(path)
            switch kind {
            case .directory: mkdir(path, 0o755)
            case .fifo, .silentFIFO:
                try #require(mkfifo(path, 0o644) == 0)
                if kind == .silentFIFO { writer = open(path, O_RDWR | O_CLOEXEC) }
            case .linkLoop: symlink(path, path)
            case .linkToGoodFile:
                _ = try ChildProcess.check(["sh", "-c", "echo usage_usec 5 >\"$0.good\"", path])
                symlink(path + ".good", path)
            case .garbage, .empty, .sparse, .unreadable:
                let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
                if kind == .garbage { _ = Glibc.write(file, "\u{1b}[31m\u{0}\u{7f}garbage", 14) }
                if kind == .sparse { try #require(ftruncate(file, 1 << 30) == 0) }
                if kind == .unreadable { fchmod(file, 0) }
                close(file)
            }
        }

        deinit { if writer >= 0 { close(writer) } }
    }

    private static let files = ["cpu.stat", "memory.stat", "memory.current"]

    @Test(
        "Only the figure of the bad file is missing, and the problem names the file",
        arguments: Kind.allCases.filter { $0 != .unreadable || Unprivileged.isPossible }, files)
    func containerFile(kind: Kind, file: String) async throws {
        let node = FixtureNode()
        for number in 1...3 { node.container(id(number), cpu: 1_000_000, memory: 1024) }
        let culprit = try Culprit(kind, at: node.file("cgroup/\(FixtureNode.pod)/\(id(2))/\(file)"))
        var runner: [String] = []
        if kind == .unreadable {
            // Everything else may be read.
            chmod(node.file(""), 0o755)
            try ChildProcess.check(["chmod", "-R", "a+rX", node.file("cgroup"), node.file("proc"), node.file("log")])
            chmod(node.file("cgroup/\(FixtureNode.pod)/\(id(2))/\(file)"), 0)
            runner = Unprivileged.prefix
        }
        // It has a deadline.
        let lines = try await dump(node.flags, runner: runner)
        for number in 1...3 {
            let line = try #require(lines.container(id(number)))
            let isBad = number == 2
            #expect((line["cpu_nanoseconds"] == .null) == (isBad && file == "cpu.stat"), "\(line)")
            #expect((line["usage_bytes"] == .null) == (isBad && file == "memory.current"), "\(line)")
            #expect((line["working_set_bytes"] == .null) == (isBad && file != "cpu.stat"), "\(line)")
        }
        #expect(lines.problems.contains("\(FixtureNode.pod)/\(id(2))/\(file): "), "\(lines.problems)")
        #expect(lines.problems.contains(kind.cause), "\(lines.problems)")
        _ = culprit
    }

    @Test("So it is with the files that only --dump reads", arguments: Kind.allCases.filter { $0 != .unreadable })
    func details(kind: Kind) async throws {
        let node = FixtureNode()
        for number in 1...2 { node.container(id(number), cpu: 1_000_000, memory: 1024) }
        let culprits = try [
            "cpu.max", "cpu.weight", "memory.max", "memory.peak", "memory.swap.current", "memory.swap.max",
            "memory.events", "pids.current", "cpu.pressure", "memory.pressure", "io.pressure",
        ].map { try Culprit(kind, at: node.file("cgroup/\(FixtureNode.pod)/\(id(2))/\($0)")) }
        let containers = try await dump(node.flags).filter { $0["kind"]?.text == "container" }
        #expect(containers.count == 2)
        #expect(containers.allSatisfy { $0["cpu_nanoseconds"]?.text == "1000000000" })
        #expect(culprits.count == 11)
    }

    @Test(
        "A node's own file: its figure is missing and the file named, or the agent ends with its name",
        arguments: Kind.allCases.filter { $0 != .unreadable }, ["cgroup/cpu.stat", "cgroup/memory.stat", "proc/stat"])
    func nodeFile(kind: Kind, file: String) async throws {
        let node = FixtureNode()
        node.container(id(1), cpu: 1_000_000, memory: 1024)
        let culprit = try Culprit(kind, at: node.file(file))
        let (status, text) = try await Program.run([Programs.agent, "--dump", "-o", "json"] + node.flags)
        let place = file.hasPrefix("proc") ? node.file(file) : node.file("cgroup")
        #expect(text.contains(place), "\(text)")
        #expect(status == (file == "proc/stat" ? 1 : 0), "\(text)")
        if status == 0 {
            let lines = try text.split(separator: "\n").map { try TestJSON(String($0)) }
            #expect(lines.problems.contains(kind.cause), "\(lines.problems)")
            #expect(lines.container(id(1))?["cpu_nanoseconds"]?.text == "1000000000")
        }
        _ = culprit
    }
}
