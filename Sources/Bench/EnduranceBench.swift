// SPDX-License-Identifier: Apache-2.0
import Formats

/// `Bench endurance` and the flags of ``ClusterSetup``, `--minutes N`: what an aggregator holds, as endurance.MINUTE.rss, in
/// minutes 2, 10, 20 and so on of a load whose pods come and go, with a list of all pods every minute, as people and
/// autoscalers ask for them.
enum EnduranceBench {
    /// Percent a minute.
    private static let churn = 2
    private static let firstMinute = 2
    private static let step = 10

    static func run(_ flags: inout Flags) throws {
        let setup = try ClusterSetup(&flags)
        let minutes = try flags.number("minutes", 2...50)
        try flags.finish()
        let load = try setup.load(churn: churn, for: minutes * 60 + 10)
        for minute in 1...minutes {
            Clocks.sleep(until: load.since + Int64(minute) * 60_000_000_000)
            if minute == firstMinute || minute % step == 0 {
                let memory = try setup.process.memory()
                try record("endurance.minute", minute)
                try record("endurance.\(minute).rss", memory.resident)
                try record("endurance.\(minute).anonymous", memory.anonymous)
                try record("endurance.\(minute).cpu", try setup.process.cpuNanoseconds())
            }
            if minute < minutes { _ = try setup.listPods() }
        }
        let report = try load.swarm.finish(within: 60)
        guard let sent = report["samples"]?.integer, let replaced = report["replaced_containers"]?.integer else {
            throw BenchError("the swarm does not say how many samples it sent")
        }
        try record("endurance.lost", Int(sent) - setup.aggregator.counters().samples)
        try record("endurance.replaced", replaced)
    }
}
