// SPDX-License-Identifier: Apache-2.0
public import Console
import KubeAPI
import Logging
import NIOCore
import NIOPosix

/// `aggregator --check`: looks at everything that has to be so for the API to be served, and says what to do about what
/// is not. Changes nothing: of what it sends, only reviews are no GET, and they store nothing.
public enum Doctor {
    static let userAgent = "metrics-push-doctor/\(Version.text)"

    /// Together less than the 30 s that a person waits.
    static let firstDeadline: Duration = .seconds(9)
    static let othersDeadline: Duration = .seconds(20)

    /// Prints the report.
    /// - Returns: whether nothing failed.
    /// - Throws: `StartupError` when it is not known whom to ask.
    public static func main(_ configuration: ClusterConfiguration, style: ReportStyle) async throws -> Bool {
        let cluster = try ClusterIdentity(configuration)
        let group = MultiThreadedEventLoopGroup.singleton
        let client = KubeClient(
            configuration: cluster.kube, group: group, userAgent: userAgent,
            logger: StandardErrorLog.logger(label: "doctor", level: .error))
        let findings = await findings(
            in: DoctorContext(
                configuration: configuration, client: client, server: cluster.kube.server,
                namespace: cluster.namespace, group: group, now: { LogLine.now() / 1_000_000_000 }))
        await client.shutdown()
        StandardOutput.write(style.render(findings))
        return !findings.contains { $0.verdict == .fail }
    }

    static func findings(
        in context: DoctorContext, first: DoctorCheck = .first, others: [DoctorCheck] = DoctorCheck.others,
        firstDeadline: Duration = firstDeadline, othersDeadline: Duration = othersDeadline
    ) async -> [Finding] {
        let beginning = await run(first, in: context, deadline: firstDeadline)
        guard beginning.first?.verdict != .fail else {
            return beginning
                + others.map { .warn($0.name, "not looked at: the API server cannot be asked", fix: []) }
        }
        return await withTaskGroup(of: (Int, [Finding]).self) { tasks in
            for (index, check) in others.enumerated() {
                tasks.addTask { (index, await run(check, in: context, deadline: othersDeadline)) }
            }
            var found = [[Finding]](repeating: [], count: others.count)
            for await (index, findings) in tasks { found[index] = findings }
            return beginning + found.joined()
        }
    }

    private static func run(_ check: DoctorCheck, in context: DoctorContext, deadline: Duration) async -> [Finding] {
        await withTaskGroup(of: [Finding]?.self) { tasks in
            tasks.addTask { await check.run(context) }
            tasks.addTask {
                try? await Task.sleep(for: deadline)
                return nil
            }
            defer { tasks.cancelAll() }
            if let first = await tasks.next(), let findings = first { return findings }
            return [
                .fail(
                    check.name, "no answer within \(deadline.components.seconds) s",
                    fix: ["is the API server overloaded? look at its log, and try again"])
            ]
        }
    }
}
