// SPDX-License-Identifier: Apache-2.0
import Cgroups
import TLSTestSupport
import Testing

@testable import NodeAgent

@Suite("agent --root")
struct RootFlagTests {
    private static func options(
        _ arguments: [String], environment: [String: String] = ["NODE_NAME": "here"]
    ) throws -> AgentOptions {
        guard
            case .run(let options) = try AgentOptions.parse(
                ["agent", "--dump"] + arguments, environment: { environment[$0] })
        else { throw Unexpected() }
        return options
    }

    private struct Unexpected: Error {}

    @Test("leads to the node's files, wherever each flag stands, and the single roots override it")
    func paths() throws {
        let place = TemporaryDirectory()
        let options = try Self.options(["--proc-root", "/p", "--root", place.path + "/"])
        #expect(options.cgroupRoot == place.path + "/sys/fs/cgroup" && options.logRoot == place.path + "/var/log")
        #expect(options.procRoot == "/p" && options.roots.capture == place.path)
        let other = try Self.options(["--root", place.path, "--cgroup-root", "/c", "--log-root", "/l"])
        #expect(other.cgroupRoot == "/c" && other.logRoot == "/l" && other.procRoot == place.path + "/proc")
    }

    @Test("/ is this machine, as without the flag")
    func slash() throws {
        let options = try Self.options(["--root", "/"])
        #expect(options.cgroupRoot == "/sys/fs/cgroup" && options.procRoot == "/proc" && options.logRoot == "/var/log")
        #expect(options.roots.capture == nil)
    }

    @Test("a capture says which node it was, and which pods' root and pod the agent was told; flags say otherwise")
    func facts() throws {
        let place = TemporaryDirectory()
        let text = "metrics-push-capture 1\ncaptured-at-boot-time-ns 1\ncaptured-at-real-time-ns 1\n"
        _ = place.write(
            "metrics-push-capture", Array((text + "node there\npod-uid u\nkubepods-root a/kubepods\n").utf8))
        let options = try Self.options(["--root", place.path], environment: ["NODE_NAME": "here", "POD_UID": "mine"])
        #expect(options.nodeName == "there" && options.podUID == "u" && options.kubepodsRoot == "a/kubepods")
        let told = try Self.options([
            "--root", place.path, "--node-name", "n", "--kubepods-root", "k", "--pod-uid", "v",
        ])
        #expect(told.nodeName == "n" && told.podUID == "v" && told.kubepodsRoot == "k")
    }

    @Test("has to be there, and a directory; both are said with the way out")
    func missing() throws {
        let place = TemporaryDirectory()
        for path in [place.file("missing"), place.write("a.tar", [])] {
            let error = #expect(throws: (any Error).self) { try Self.options(["--root", path]) }
            let text = error.map { "\($0)" } ?? ""
            #expect(text.hasPrefix("--root: \(path)") && text.contains("tar xf"), "\(text)")
        }
    }
}
