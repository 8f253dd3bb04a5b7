// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Console
import Glibc
import Wire

@main
enum Main {
    static func main() {
        // An aggregator that goes away while we write is an error of that connection, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        Interruption.watch()
        do {
            var command = try SwarmCommand.parseAsRoot()
            try command.run()
        } catch {
            // The library exits with 64 for a bad command line; operators' scripts know 2.
            let status = SwarmCommand.exitCode(for: error)
            if status == .validationFailure {
                StandardError.write(SwarmCommand.fullMessage(for: error) + "\n")
                exit(ExitStatus.usage)
            }
            if status == .success || error is ExitCode { SwarmCommand.exit(withError: error) }
            StandardError.write("swarm: \(error)\n")
            exit(ExitStatus.failure)
        }
    }
}

struct SwarmCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swarm",
        abstract: "Puts an aggregator on this machine under the load of many agents.",
        discussion: """
            Every simulated node connects, shows its credential and pushes as an agent does, at its own moment of the \
            interval, made-up counters of containers that come and go. Where one file cannot speak for all nodes, a \
            file's name may have {node} in it, the node's number from 0.

            Exits with 0 when all sessions were open and frames were sent at the wanted rate, and with 1 otherwise.
            """,
        version: "swarm \(Version.text)")

    @OptionGroup(title: "Where to push") var target: TargetOptions
    @OptionGroup(title: "The nodes") var load: LoadOptions
    @OptionGroup(title: "The run") var course: CourseOptions

    mutating func run() throws {
        let names = try load.names()
        let shape = try load.shape()
        if load.list { return list(names, shape) }
        let plan = try SwarmPlan(target, load, course, names: names, shape: shape)
        try Usage.checked { () throws(FlagError) in try DescriptorLimit.raise(forConnections: plan.nodes) }
        let format = course.output
        var run = try SwarmRun(plan) { report in
            StandardOutput.write((format == .json ? report.json : report.text) + "\n")
        }
        if try !run.run().problems.isEmpty { throw ExitCode(ExitStatus.failure) }
    }

    /// The pods as they are before any was replaced.
    private func list(_ names: NameScheme, _ shape: NodeShape) {
        for node in 0..<load.nodes {
            var lines = ""
            for pod in 0..<shape.pods {
                lines += "\(names.node.text(node: node))\t\(names.namespace(node: node, pod: pod))\t"
                lines += "\(names.pod.text(node: node, pod: pod))\t"
                lines += "\(NameScheme.podUID(node: node, pod: pod, generation: 0))\n"
            }
            guard StandardOutput.write(lines) else { return }
        }
    }
}
