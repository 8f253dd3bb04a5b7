// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Testing

@testable import Aggregator

@Suite("The cluster's nodes, in the order of answers")
struct NodeIndexTests {
    @Test("they are kept by name in byte order, and those that stay the same keep their identity")
    func identity() {
        var index = NodeIndex()
        for name in ["b", "B", "a", "a-1"] { index.set(name, Labels(["zone": "x"])) }
        #expect(index.nodes.map(\.name) == ["B", "a", "a-1", "b"])
        let (before, other) = (index.node(named: "a"), index.node(named: "b"))
        index.set("a", Labels(["zone": "x"]))
        #expect(index.node(named: "a") === before)
        index.set("a", Labels(["zone": "y"]))
        #expect(index.node(named: "a") !== before && index.node(named: "a")?.labels["zone"] == "y")
        index.replace(with: ["b": Labels(["zone": "x"]), "c": .empty])
        #expect(index.nodes.map(\.name) == ["b", "c"])
        #expect(index.node(named: "b") === other)
        index.remove("b")
        index.remove("never there")
        #expect(index.nodes.map(\.name) == ["c"] && index.node(named: "b") == nil)
    }
}
