// SPDX-License-Identifier: Apache-2.0
import KubeTestSupport
import Testing

@testable import BenchCluster

@Suite("The bench's pods")
struct ClusterPodsTests {
    /// Two namespaces, 25 pods in the first and 10 in the second.
    private static func list() -> String {
        (0..<35).map { "n\($0 / 7)\tteam-\($0 < 25 ? 0 : 1)\tweb-\($0)\tuid-\($0)\n" }.joined()
    }

    private func labels(_ metadata: KubeProto) -> [String: String] {
        KubeProto.Fields(metadata.bytes).map(11).mapValues { String(decoding: $0, as: UTF8.self) }
    }

    @Test("are those of the list, ten of a namespace in each deployment")
    func deployments() throws {
        let pods = try ClusterPods(list: Self.list())
        #expect(pods.count == 35 && pods.nodes == ["n0", "n1", "n2", "n3", "n4"])
        #expect(pods.namespaces.map { "\($0.name) \($0.deployments)" } == ["team-0 2", "team-1 1"])
        var members: [String: Int] = [:]
        for index in 0..<35 {
            let fields = KubeProto.Fields(pods.metadata(index).bytes)
            #expect(fields.text(1) == "web-\(index)" && fields.text(5) == "uid-\(index)")
            let labels = labels(pods.metadata(index))
            #expect(labels["tier"] == "backend" && labels["pod-template-hash"]?.count == 10)
            members["\(fields.text(3)) \(labels["app"] ?? "")", default: 0] += 1
        }
        #expect(members == ["team-0 app-0": 10, "team-0 app-1": 10, "team-0 app-2": 5, "team-1 app-0": 10])
    }

    @Test("that are replaced stay in their deployment, and are gone after that")
    func replaced() throws {
        let pods = try ClusterPods(list: Self.list())
        let (old, new) = try #require(pods.replace(uid: "uid-12", by: "web-new", uid: "uid-new"))
        let (before, after) = (KubeProto.Fields(old(7).bytes), KubeProto.Fields(new(8).bytes))
        #expect(before.text(1) == "web-12" && before.text(5) == "uid-12" && before.text(6) == "7")
        #expect(after.text(1) == "web-new" && after.text(5) == "uid-new" && after.text(6) == "8")
        #expect(labels(old(1)) == labels(new(1)))
        #expect(KubeProto.Fields(pods.metadata(12).bytes).text(1) == "web-new")
        #expect(pods.replace(uid: "uid-12", by: "x", uid: "y") == nil)
        #expect(pods.replace(uid: "uid-new", by: "x", uid: "y") != nil)
    }

    @Test("do not come from a list that is none")
    func malformed() {
        #expect(throws: BenchError.self) { try ClusterPods(list: "n0\tteam\tweb\n") }
        #expect(throws: BenchError.self) { try ClusterPods(list: "") }
    }
}
