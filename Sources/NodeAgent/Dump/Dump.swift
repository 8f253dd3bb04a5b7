// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console
import Glibc
import TLS

/// `agent --dump`: reads the node twice through the sampler that pushes, and prints what it found.
enum Dump {
    /// The time between the two reads; CPU figures are means over it.
    static let pause: Duration = .seconds(1)

    static func run(_ options: AgentOptions) throws {
        let sampler = try NodeSampler(roots: options.roots)
        let report = try measure(sampler, nodeName: options.nodeName)
        let text =
            switch options.dumpFormat {
            case .table: DumpTable.render(report)
            case .json: DumpJSON.render(report)
            }
        // A reader that has seen enough (`| head`) is no failure.
        StandardOutput.write(text)
    }

    static func measure(_ sampler: NodeSampler, nodeName: String) throws -> DumpReport {
        _ = try sampler.sweep()
        let first = sampler.slots
        let node = sampler.node
        sleep(pause)
        let changes = try sampler.sweep()
        var podNames: [String: ContainerName] = [:]
        for record in sampler.slots {
            if let record, let name = record.name { podNames[record.identity.podUID] = name }
        }
        let rows = sampler.slots.enumerated().compactMap { slot, record -> DumpRow? in
            guard let record else { return nil }
            let before = slot < first.count ? first[slot] : nil
            return DumpRow(
                record: record, cpuNanocores: rate(from: before, to: record), details: sampler.details(slot: slot),
                siblingName: podNames[record.identity.podUID])
        }
        return DumpReport(
            nodeName: nodeName, mode: sampler.mode, driver: sampler.driver, kubepodsPath: sampler.kubepodsPath,
            bootID: sampler.bootID, capacity: sampler.capacity, node: sampler.node,
            nodeCPUNanocores: Self.rate(
                node.cpuNanoseconds, node.bootTimeNanoseconds, sampler.node.cpuNanoseconds,
                sampler.node.bootTimeNanoseconds),
            rows: rows.sorted { $0.sortKey < $1.sortKey }, statistics: sampler.statistics,
            problems: [sampler.kubepodsProblem, sampler.namesProblem].compactMap { $0.map { "\($0)" } },
            unixNanoseconds: changes.realTimeNanoseconds)
    }

    /// nil for a container that was not there, or not readable, in both reads.
    private static func rate(from before: ContainerRecord?, to now: ContainerRecord) -> UInt64? {
        guard let before, before.identity == now.identity else { return nil }
        return rate(before.cpuNanoseconds, before.bootTimeNanoseconds, now.cpuNanoseconds, now.bootTimeNanoseconds)
    }

    static func rate(_ cpu: UInt64?, _ time: UInt64, _ laterCPU: UInt64?, _ laterTime: UInt64) -> UInt64? {
        guard let cpu, let laterCPU, laterCPU >= cpu, laterTime > time else { return nil }
        let used = (laterCPU - cpu).multipliedFullWidth(by: 1_000_000_000)
        let span = laterTime - time
        return used.high < span ? span.dividingFullWidth(used).quotient : nil
    }

    static func sleep(_ duration: Duration) {
        let deadline = Deadline.after(duration)
        while !deadline.hasPassed { poll(nil, 0, deadline.remainingMilliseconds) }
    }
}
