// SPDX-License-Identifier: Apache-2.0
import Console
import Testing

@testable import Swarm

@Suite("Names by a scheme")
struct NameTests {
    private func scheme(
        node: String = NameScheme.defaultNode, namespace: String = NameScheme.defaultNamespace,
        pod: String = NameScheme.defaultPod
    ) throws(FlagError) -> NameScheme {
        try NameScheme(node: node, namespace: namespace, pod: pod)
    }

    @Test("Templates take the numbers")
    func render() throws {
        let names = try scheme(node: "n{node}.zone", namespace: "team-{pod}", pod: "{node}-web-{pod}")
        #expect(names.node.text(node: 12) == "n12.zone")
        #expect(names.namespace(node: 1, pod: 3) == "team-3")
        #expect(names.pod.text(node: 4, pod: 5, generation: 6) == "4-web-5")
        #expect(try scheme().pod.text(node: 4, pod: 5, generation: 6) == "load-4-5-6")
    }

    @Test("Templates whose names would not be unique or valid are refused, with the flag")
    func refused() {
        let bad: [(String, () throws -> NameScheme)] = [
            ("--node-template", { try scheme(node: "node") }),
            ("--node-template", { try scheme(node: "{pod}-{node}") }),
            ("--node-template", { try scheme(node: "") }),
            ("--node-template", { try scheme(node: "Node-{node}") }),
            ("--node-template", { try scheme(node: "{node") }),
            ("--pod-template", { try scheme(pod: "pod-{pod}") }),
            ("--pod-template", { try scheme(pod: "{node}{pod}") }),
            ("--pod-template", { try scheme(pod: "{node}-{pod}-") }),
            ("--pod-template", { try scheme(pod: "{node}-{pod}" + String(repeating: "a", count: 250)) }),
            ("--namespace-template", { try scheme(namespace: "team.{pod}") }),
            ("--namespace-template", { try scheme(namespace: String(repeating: "a", count: 62) + "{pod}") }),
        ]
        for (flag, make) in bad {
            #expect(throws: FlagError.self) { try make() }
            do { _ = try make() } catch { #expect("\(error)".hasPrefix(flag + ": "), "\(error)") }
        }
    }

    @Test("Groups are of one size, and each has pods of all nodes")
    func groups() throws {
        let names = try NameScheme(
            node: NameScheme.defaultNode, namespace: "team-{group}", pod: NameScheme.defaultPod, groups: 10)
        var nodes: [String: Set<Int>] = [:]
        var pods: [String: Int] = [:]
        for node in 0..<20 {
            for pod in 0..<30 {
                let namespace = names.namespace(node: node, pod: pod)
                nodes[namespace, default: []].insert(node)
                pods[namespace, default: 0] += 1
            }
        }
        #expect(Set(pods.keys) == Set((0..<10).map { "team-\($0)" }))
        #expect(pods.values.allSatisfy { $0 == 60 })
        #expect(nodes.values.allSatisfy { $0 == Set(0..<20) })
    }

    @Test("A pod's uid is a UUID that tells its numbers")
    func uid() {
        #expect(
            NameScheme.podUID(node: 4_999, pod: 29, generation: 258) == "00001387-001d-4000-8000-000000000102")
    }
}
