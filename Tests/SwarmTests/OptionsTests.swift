// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Testing

@testable import Swarm

@Suite("The swarm's command line")
struct OptionsTests {
    /// What is wrong about a command line, in the words that its user reads; nil: nothing.
    private func complaint(_ arguments: [String]) -> String? {
        do {
            let command = try SwarmCommand.parse(arguments)
            _ = try SwarmPlan(
                command.target, command.load, command.course, names: try command.load.names(),
                shape: try command.load.shape())
            return nil
        } catch {
            return SwarmCommand.message(for: error)
        }
    }

    @Test(
        "Only loopback addresses in numbers are put under load",
        arguments: [
            "10.0.0.1:4444", "192.168.1.1:4444", "[fd00::1]:4444", "0.0.0.0:4444", "localhost:4444",
            "127.evil.test:4444",
            "[::ffff:10.0.0.1]:4444", "127.0.0.1", "",
        ])
    func destination(address: String) {
        let text = complaint(["--aggregator", address, "--ca-file", "/nowhere", "--token-file", "/nowhere"]) ?? ""
        #expect(text.contains("--aggregator: "), "\(text)")
    }

    @Test("What is missing or out of bounds is named")
    func bounds() {
        let cases: [([String], String)] = [
            ([], "--aggregator is missing"),
            (["--nodes", "0"], "--nodes"), (["--nodes", "20001"], "--nodes"),
            (["--nodes", "20000", "--pods-per-node", "100"], "too many"),
            (["--pods-per-node", "0"], "--pods-per-node"), (["--containers-per-pod", "0"], "--containers-per-pod"),
            (["--churn", "101"], "--churn"), (["--churn", "nan"], "--churn"),
            (["--churn-unit", "nodes"], "churn-unit"),
            (["--output", "yaml"], "output"),
            (["--pod-template", "x"], "--pod-template"),
            (["--groups", "0"], "--groups"), (["--groups", "10001"], "--groups"),
            (["--aggregator", "127.0.0.1:1", "--pod-template", "{group}-{node}-{pod}"], "--pod-template"),
        ]
        for (arguments, expected) in cases {
            #expect(
                complaint(arguments)?.contains(expected) == true, "\(arguments): \(complaint(arguments) ?? "nothing")")
        }
    }
}
