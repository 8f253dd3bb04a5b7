// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Console
import Wire

/// How many nodes, and what runs on them.
struct LoadOptions: ParsableArguments {
    @Option(help: "How many nodes.")
    var nodes = 50

    @Option(help: "Pods of each node.")
    var podsPerNode = 30

    @Option(help: "Containers of each pod.")
    var containersPerPod = 2

    @Option(help: ArgumentHelp("Percent of the containers that is replaced a minute.", valueName: "percent"))
    var churn = 2.0

    @Option(help: ArgumentHelp("What is replaced as one: pods or containers.", valueName: "unit"))
    var churnUnit = ChurnUnit.pods

    @Option(help: ArgumentHelp("The same seed gives the same load.", valueName: "number"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Names of the nodes; {node} is the node's number from 0.", valueName: "template"))
    var nodeTemplate = NameScheme.defaultNode

    @Option(
        help: ArgumentHelp(
            "Namespaces of the pods; {node}, {pod}, the pod's number on its node, and {group}, of which there are "
                + "--groups, each with pods of all nodes.", valueName: "template"))
    var namespaceTemplate = NameScheme.defaultNamespace

    @Option(help: ArgumentHelp("How many groups.", valueName: "number"))
    var groups = NameScheme.defaultGroups

    @Option(
        help: ArgumentHelp(
            "Names of the pods; {node}, {pod}, and {generation}: how often the pod was replaced. Its uid is "
                + "NODE-POD-4000-8000-GENERATION, the same numbers in hexadecimal.", valueName: "template"))
    var podTemplate = NameScheme.defaultPod

    @Option(
        help: ArgumentHelp(
            "Append to this file, for every pod that is replaced, node, namespace, name and uid of it, and name and uid "
                + "of the one in its place.", valueName: "file"))
    var replacedFile: String?

    @Flag(help: "Do not push: print node, namespace, name and uid of every pod, as they are at the start, and exit.")
    var list = false

    func names() throws -> NameScheme {
        let groups = try Usage.number("--groups", groups, 1...NameScheme.mostGroups)
        return try Usage.checked { () throws(FlagError) in
            try NameScheme(node: nodeTemplate, namespace: namespaceTemplate, pod: podTemplate, groups: groups)
        }
    }

    func shape() throws -> NodeShape {
        let shape = NodeShape(
            pods: try Usage.number("--pods-per-node", podsPerNode, 1...NameScheme.mostPods),
            containersPerPod: try Usage.number("--containers-per-pod", containersPerPod, 1...100),
            churn: churn / 100, churnUnit: churnUnit, seed: seed)
        _ = try Usage.number("--nodes", nodes, 1...SwarmPlan.mostNodes)
        guard (0...100).contains(churn) else { throw ValidationError("--churn: \(churn) is not from 0 to 100") }
        guard shape.containers <= WireLimits.slots, nodes * shape.containers <= SwarmPlan.mostContainers else {
            throw ValidationError(
                "\(nodes) nodes of \(shape.containers) containers are too many; a node may have \(WireLimits.slots), "
                    + "all together \(SwarmPlan.mostContainers)")
        }
        return shape
    }
}

extension ChurnUnit: ExpressibleByArgument {}
