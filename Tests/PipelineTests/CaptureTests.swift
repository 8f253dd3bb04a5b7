// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLSTestSupport
import Testing

/// `agent --capture` on one machine, `tar` and `agent --root` on another.
@Suite struct CaptureTests {
    private let place = TemporaryDirectory()
    private var archive: String { place.file("node.tar") }

    private func extract() throws -> String {
        try ChildProcess.check(["mkdir", place.file("node")])
        let (status, text) = try ChildProcess.run(["tar", "xf", archive, "-C", place.file("node")])
        #expect(status == 0 && text.isEmpty, "\(text)")
        return place.file("node")
    }

    private static func json(_ flags: [String]) async throws -> [TestJSON] {
        let (status, text) = try await Program.run([Programs.agent, "--dump", "-o", "json"] + flags)
        #expect(status == 0, "\(text)")
        return try text.split(separator: "\n").map { try TestJSON(String($0)) }
    }

    private static func node() -> FixtureNode {
        let node = FixtureNode()
        node.container(id(1), cpu: 1_000_000, memory: 64 << 10)
        node.link(pod: "web-0", container: "nginx", id: id(1))
        return node
    }

    @Test("What was captured is dumped elsewhere as on the node, to the byte where nothing moves")
    func same() async throws {
        let node = Self.node()
        let (status, text) = try await Program.run(
            [Programs.agent, "--capture", archive, "--node-name", "n1"] + node.flags)
        #expect(status == 0 && text.hasPrefix("agent: captured 4 cgroups and 1 log links: "), "\(text)")
        var found = stat()
        try #require(stat(archive, &found) == 0)
        #expect(found.st_mode & 0o777 == 0o600)
        let live = try await Self.json(["--node-name", "n1"] + node.flags)
        let copy = try await Self.json(["--root", try extract()])
        try #require(live.count == 3 && copy.count == 3)
        for key in ["node", "boot_id", "cgroup_mode", "capacity_memory_bytes", "cpu_nanoseconds", "working_set_bytes"] {
            #expect(live[0][key]?.text == copy[0][key]?.text, "\(key)")
        }
        for key in [
            "kind", "namespace", "pod", "container", "name_source", "container_id", "inode", "qos", "cgroup",
            "start_time_unix_ns", "cpu_nanoseconds", "working_set_bytes", "usage_bytes",
        ] {
            #expect(live[2][key]?.text == copy[2][key]?.text, "\(key)")
        }
    }

    @Test(
        "A capture of the kernel's own cgroups has the figures of its time, and the rate between its two readings",
        .enabled(if: KernelTrees.obstacle == nil, Comment(rawValue: KernelTrees.obstacle ?? "")))
    func kernel() async throws {
        let container = PodCgroups.Container(
            pod: "web-0", uid: "3f0d2a9e-2222-4e0a-9d53-0c6d1f7a8b21", name: "nginx", id: id(1))
        let pods = try PodCgroups("capture")
        try pods.start(container, percent: 40, mebibytes: 16)
        let path = pods.path(of: container)
        let start = RealTime.now()
        let before = try #require(pods.trees.cpuNanoseconds(path))
        let (status, text) = try await Program.run([Programs.agent, "--capture", archive] + pods.flags)
        #expect(status == 0, "\(text)")
        let after = try #require(pods.trees.cpuNanoseconds(path))
        let elapsed = UInt64(RealTime.now() - start)
        let kernel = try #require(pods.trees.workingSet(path))
        try pods.end(container, andPod: true)
        // Neither the cgroups nor the flags are there any more: the capture knows.
        let row = try #require(try await Self.json(["--root", try extract()]).last)
        #expect(row["pod"]?.text == "web-0" && row["container"]?.text == "nginx")
        let cpu = try #require(row["cpu_nanoseconds"]?.text.flatMap { UInt64($0) })
        #expect(before < cpu && cpu <= after)
        let memory = try #require(row["working_set_bytes"]?.text.flatMap { UInt64($0) })
        #expect(memory.distance(to: kernel).magnitude <= 1 << 20)
        let rate = try #require(row["cpu_nanocores"]?.text.flatMap { UInt64($0) })
        let window = try #require(row["cpu_window_ns"]?.text.flatMap { UInt64($0) })
        // How much the load gets is up to what else runs. What it used in the window is part of what it used meanwhile, and
        // the rest took one thread no more than the rest of the time.
        let used = rate * (window / 1_000) / 1_000_000
        let rest = elapsed - min(window, elapsed)
        #expect(
            used > 0 && used <= after - before && after - before <= used + rest + 1_000_000,
            "\(rate) over \(window) ns, and \(after - before) in \(elapsed) ns")
    }

    @Test("Of a capture the later reading counts for formats that need only one, and nothing waits for it")
    func oneReading() async throws {
        let node = Self.node()
        _ = try await Program.run([Programs.agent, "--capture", archive] + node.flags)
        let root = try extract()
        let (status, text) = try await Program.run([Programs.agent, "--dump", "-o", "openmetrics", "--root", root])
        #expect(status == 0 && text.contains("pod=\"web-0\"} 1 "), "\(text)")
        let row = try #require(try await Self.json(["--since-start", "--root", root]).last)
        let window = try #require(row["cpu_window_ns"]?.text.flatMap { UInt64($0) })
        #expect(row["cpu_nanocores"]?.text == "\(UInt64(1e18) / window)")
    }

    @Test("A file that is there is not written to, nor one at the end of a link")
    func existing() async throws {
        let node = Self.node()
        _ = place.write("node.tar", Array("mine".utf8))
        symlink(place.file("elsewhere"), place.file("link.tar"))
        for path in [archive, place.file("link.tar")] {
            let (status, text) = try await Program.run([Programs.agent, "--capture", path] + node.flags)
            #expect(status == 1 && text.contains("exists already; name a new file"), "\(text)")
        }
        #expect(TemporaryDirectory.read(archive) == Array("mine".utf8) && access(place.file("elsewhere"), F_OK) != 0)
    }

    @Test("An archive that cannot be finished is removed", arguments: ["signal", "size"])
    func partial(_ cause: String) async throws {
        let node = Self.node()
        let command =
            switch cause {
            // Blocks of 512 or 1024 bytes; either is too little. The limit's signal is one that can be ignored.
            case "size": "trap '' XFSZ; ulimit -f 4; exec \"$@\""
            // The archive is there for the second between the two readings, and longer.
            default: "(until [ -e '\(archive)' ]; do :; done; kill $$) & exec \"$@\""
            }
        var (status, text) = (Int32(0), "")
        // On a busy machine the signal may come when all is done.
        for _ in 0..<(cause == "signal" ? 5 : 1) where status == 0 {
            unlink(archive)
            (status, text) = try await Program.run(
                ["sh", "-c", command, "sh", Programs.agent, "--capture", archive] + node.flags)
        }
        #expect(status == 1, "\(text)")
        #expect(text.contains(cause == "signal" ? "stopped by a signal" : "File too large"), "\(text)")
        #expect(access(archive, F_OK) != 0)
    }

    @Test("- is standard output, with the report apart from it")
    func standardOutput() async throws {
        let node = Self.node()
        let (status, text) = try await Program.run(
            ["sh", "-c", "\"$@\" 2>\(place.file("report")) | tar tf -", "sh", Programs.agent, "--capture", "-"]
                + node.flags)
        #expect(
            status == 0 && text.hasPrefix("metrics-push-capture\n") && text.contains("/memory.current\n"), "\(text)")
        let report = String(decoding: TemporaryDirectory.read(place.file("report")), as: UTF8.self)
        #expect(report.hasPrefix("agent: captured ") && report.hasSuffix(" in standard output\n"), "\(report)")
    }

    @Test("Without a cgroup's file there is no archive, and the reason is said")
    func nothing() async throws {
        let node = Self.node()
        node.remove("cgroup/cgroup.controllers")
        let (status, text) = try await Program.run([Programs.agent, "--capture", archive] + node.flags)
        #expect(status == 1 && text.contains("neither a cgroup v2 tree"), "\(text)")
        #expect(access(archive, F_OK) != 0)
    }
}
