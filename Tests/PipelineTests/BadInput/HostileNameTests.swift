// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLSTestSupport
import Testing

/// Names and links that somebody made to confuse: nothing but what they are about is touched, and no byte of them steers a
/// terminal.
@Suite(.timeLimit(.minutes(5))) struct HostileNameTests {
    /// A node with one good container, beside which the bad ones are put.
    private let node: FixtureNode = {
        let node = FixtureNode()
        node.container(id(1), cpu: 1_000_000, memory: 1024)
        node.link(pod: "web-0", container: "app", id: id(1))
        return node
    }()

    /// Runs both formats, and expects the good container's row in them.
    private func expectGood(_ more: [String] = []) async throws -> (lines: [TestJSON], table: String) {
        let lines = try await dump(node.flags + more)
        let good = try #require(lines.container(id(1)))
        #expect(good["container"]?.text == "app" && good["cpu_nanoseconds"]?.text == "1000000000", "\(good)")
        let (status, table) = try await Program.run([Programs.agent, "--dump"] + node.flags + more)
        #expect(status == 0 && table.contains("web-0"), "\(table)")
        Self.expectPlain(table)
        return (lines, table)
    }

    private static func expectPlain(_ text: String) {
        #expect(text.utf8.allSatisfy { $0 == 0x0a || (0x20...0x7e).contains($0) }, "\(text.debugDescription)")
    }

    private func link(_ name: [UInt8], to target: String) {
        var path = Array(node.file("log/containers/").utf8) + name + [0]
        path.withUnsafeMutableBytes { bytes in
            _ = symlink(target, bytes.baseAddress!.assumingMemoryBound(to: CChar.self))
        }
    }

    @Test("Links with control characters, invalid UTF-8, the longest names and the longest target")
    func links() async throws {
        let hostile: [[UInt8]] = [
            Array("\u{1b}[2J\u{1b}]0;x\u{7}_default_c-\(id(2)).log".utf8),
            Array("a\nb_default_c-\(id(2)).log".utf8), Array("a\u{9b}31m_default_c-\(id(2)).log".utf8),
            [0xff, 0xfe, 0x80] + Array("_default_c-\(id(2)).log".utf8),
            Array(String(repeating: "x", count: 251 - 65).utf8) + Array("-\(id(2)).log".utf8),
            Array(repeating: 0xff, count: 255), Array("..log".utf8), Array(".log".utf8), Array("-.log".utf8),
            Array(String(repeating: "-", count: 251).utf8) + Array(".log".utf8),
        ]
        node.container(id(2), cpu: 2_000_000, memory: 1024)
        let evil = "/var/log/pods/default_\u{1b}[31mevil_u-1/c\u{202e}/0.log"
        for name in hostile { link(name, to: evil) }
        let (lines, _) = try await expectGood()
        // Nobody has a valid name for it.
        #expect(lines.container(id(2))?["container"] == .null)
        #expect(lines.container(id(2))?["cpu_nanoseconds"]?.text == "2000000000")

        // PATH_MAX with its NUL: the longest target that a link can have. What it ends with is still read.
        let tail = "/default_web-0_u-1/deep/7.log"
        let target = "/" + String(repeating: "d", count: 4095 - 1 - tail.utf8.count) + tail
        link(Array(String(repeating: "y", count: 251 - 20).utf8) + Array("-\(id(2).prefix(19)).log".utf8), to: target)
        let named = try #require(try await expectGood().lines.container(id(2)))
        #expect(named["pod"]?.text == "web-0" && named["container"]?.text == "deep", "\(named)")
        #expect(named["name_source"]?.text == "link-target" && named["restart_count"]?.text == "7", "\(named)")
    }

    @Test("Directories with control characters, quotes and the longest names among pods and containers")
    func directories() async throws {
        let pods = [
            "kubepods/burstable/pod\u{1b}[2Jx", "kubepods/burstable/pod\u{9b}31m", "kubepods/burstable/pod",
            "kubepods/pod\"\\',{}" + String(repeating: "q", count: 255 - 10), "kubepods/\u{1b}]0;owned\u{7}",
        ]
        for (number, pod) in pods.enumerated() { node.container(id(10 + number), in: pod, cpu: 1, memory: 1024) }
        for name in ["\u{1b}[31m", "cri-containerd-\u{7f}\(id(9)).scope", "x\u{1b}\(id(9))"] {
            node.container(name, cpu: 1, memory: 1024)
        }
        let (lines, _) = try await expectGood()
        // Of all these only the printable uid is one.
        #expect(lines.containers.count == 2)
        #expect(lines.container(id(13))?["pod_uid"]?.text == String(pods[3].dropFirst("kubepods/pod".count)))
    }

    @Test("A kubepods root of control characters is escaped in the table, the JSON, the log and the error")
    func root() async throws {
        let evil = "\u{1b}[31m\u{9b}-kubepods.slice"
        node.make("cgroup/\(evil)")
        let (status, text) = try await Program.run([Programs.agent, "--dump"] + node.flags)
        // That root has no pods: the other one is taken.
        #expect(status == 0, "\(text)")
        node.make("cgroup/\(evil)/\(evil.dropLast(6))-podu_2.slice")
        let (ambiguous, message) = try await Program.run([Programs.agent, "--dump"] + node.flags)
        #expect(ambiguous == 1 && message.contains("several roots"), "\(message)")
        Self.expectPlain(message)

        let place = BadInputPlace()
        node.remove("cgroup/kubepods")
        let agent = try Program(
            place.agent(ca: place.ca, credential: ["--token-file", place.token]) + node.flags)
        try await agent.awaitLine("agent started")
        Self.expectPlain(agent.text)
        let lines = try await dump(node.flags)
        #expect(lines.first?["kubepods"]?.text == node.file("cgroup/\(evil)"))
        let (_, table) = try await Program.run([Programs.agent, "--dump"] + node.flags)
        #expect(table.contains("-kubepods.slice"))
        Self.expectPlain(table)
    }

    @Test("Loops of links among pods, containers, logs and roots are not followed, and are named where they matter")
    func loops() async throws {
        let pod = node.file("cgroup/\(FixtureNode.pod)")
        for path in [
            node.file("cgroup/kubepods/burstable/podloop"), "\(pod)/\(id(5))", node.file("cgroup/loop"),
            node.file("log/containers/loop_default_c-\(id(6)).log"), node.file("log/pods/default_loop_u-1"),
        ] {
            try #require(symlink(path, path) == 0)
        }
        // Also those that lead somewhere.
        symlink(node.file("cgroup/kubepods"), node.file("cgroup/kubepods/podself"))
        symlink("\(pod)/\(id(1))", "\(pod)/\(id(7))")
        let lines = try await expectGood().lines
        #expect(lines.containers.count == 1 && lines.problems == "", "\(lines)")

        symlink(node.file("circle"), node.file("circle"))
        let (status, text) = try await Program.run(
            [Programs.agent, "--dump"] + node.flags + ["--cgroup-root", node.file("circle")])
        #expect(status == 1, "\(text)")
        for part in ["symbolic links", "--cgroup-root", node.file("circle")] { #expect(text.contains(part), "\(text)") }

        node.remove("log/containers")
        symlink(node.file("log/containers"), node.file("log/containers"))
        node.remove("log/pods")
        symlink(node.file("log/pods"), node.file("log/pods"))
        let nameless = try await dump(node.flags)
        #expect(nameless.container(id(1))?["cpu_nanoseconds"]?.text == "1000000000")
        #expect(nameless.container(id(1))?["container"] == .null)
        #expect(nameless.problems.contains("symbolic links"), "\(nameless.problems)")
    }

    @Test("Twenty thousand links of dead containers hold up no sweep for long")
    func manyLinks() async throws {
        let directory = node.file("log/containers")
        for number in 0..<20_000 {
            let dead = "\(directory)/dead-\(number)_default_c-\(id(0x10_0000 + number)).log"
            try #require(symlink("/var/log/pods/default_dead-\(number)_u-1/c/0.log", dead) == 0)
        }
        // Optimised, and on a machine that does nothing else, 0.02 s. One that is not held up by others is enough.
        let limit = 2_000_000_000
        var fastest = Int.max
        for _ in 0..<5 where fastest >= limit {
            let lines = try await expectGood().lines
            // Of both sweeps the later one: links that have just changed are listed again.
            let sweep = try #require(lines.first?["sweep_nanoseconds"]?.text.flatMap { Int($0) })
            fastest = min(fastest, sweep)
        }
        #expect(fastest < limit, "\(fastest / 1_000_000) ms")
    }
}
