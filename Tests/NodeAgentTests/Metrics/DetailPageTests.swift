// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Formats
import TLS
import Testing

@testable import NodeAgent

@Suite("The containers' part of the page")
struct DetailPageTests {
    private func container(
        _ name: String?, inode: UInt64, role: ContainerRole = .app, usage: UInt64? = 100, cpu: UInt64? = 1_000_000_000,
        pod: String = "web", restarts: Int? = 0
    ) -> ContainerState {
        ContainerState(
            record: ContainerRecord(
                identity: ContainerIdentity(
                    podUID: "u", containerID: "c\(inode)", inode: inode, qos: .burstable, path: "p/\(inode)"),
                role: role,
                name: name.map {
                    ContainerName(namespace: "n", pod: pod, container: $0, restartCount: restarts, source: .logLink)
                },
                cpuNanoseconds: cpu, usageBytes: usage, workingSetBytes: usage),
            details: CgroupDetails())
    }

    private func pod(_ containers: [ContainerState], uid: String = "u", usage: UInt64? = 1_000) -> PodState {
        PodState(
            pod: PodRecord(
                uid: uid, qos: .burstable, path: "p", inode: 1, startTimeUnixNanoseconds: 0, cpuNanoseconds: 9,
                usageBytes: usage),
            containers: containers)
    }

    private func page(_ pods: [PodState], openMetrics: Bool = false) throws -> PrometheusPage {
        var text = PrometheusText(openMetrics ? .openMetrics : .prometheus)
        DetailPage(report: DetailReport(pods: pods)).write(to: &text)
        return try PrometheusPage(text.text, openMetrics: openMetrics)
    }

    private let app = "{namespace=\"n\",pod=\"web\",container=\"app\",uid=\"u\"}"

    @Test("while a container is replaced the younger one counts, whatever the order; the pod's memory is that of both")
    func replaced() throws {
        let old = container("app", inode: 5, usage: 300, restarts: 1)
        let new = container("app", inode: 9, usage: 40, cpu: 2_000_000_000, restarts: 2)
        for containers in [[old, new], [new, old]] {
            let page = try page([pod(containers)])
            #expect(page["metrics_push_container_restarts_total\(app)"] == 2)
            #expect(page["metrics_push_container_cpu_usage_seconds_total\(app)"] == 2)
            #expect(page["metrics_push_pod_memory_overhead_bytes{namespace=\"n\",pod=\"web\",uid=\"u\"}"] == 660)
        }
    }

    @Test("the sandbox is overhead; a container without a name is not, and has no line")
    func overhead() throws {
        let page = try page([
            pod([
                container("app", inode: 2), container(nil, inode: 1, role: .sandbox, usage: 50),
                container(nil, inode: 3, role: .pending, usage: 200),
            ])
        ])
        #expect(page["metrics_push_pod_memory_overhead_bytes{namespace=\"n\",pod=\"web\",uid=\"u\"}"] == 700)
        #expect(page["metrics_push_container_memory_usage_bytes\(app)"] == 100)
    }

    @Test("what could not be read is absent, not zero, and so is what follows from it")
    func absent() throws {
        let page = try page([pod([container("app", inode: 2, usage: nil, cpu: nil, restarts: nil)])])
        for name in [
            "cpu_usage_seconds_total", "memory_usage_bytes", "restarts_total", "memory_limit_bytes",
            "cpu_periods_total",
        ] {
            #expect(page["metrics_push_container_\(name)\(app)"] == nil, "\(name)")
        }
        #expect(page["metrics_push_pod_memory_overhead_bytes{namespace=\"n\",pod=\"web\",uid=\"u\"}"] == nil)
        #expect(pod([container("app", inode: 2)], usage: 10).overheadBytes == 0)
    }

    @Test("names and uids that others chose do not break the page", arguments: [false, true])
    func hostileText(openMetrics: Bool) throws {
        let states = [
            pod([container(nil, inode: 1)], uid: "u\n\"}\\ 1"), pod([]), pod([container("app", inode: 4)]),
        ]
        let page = try page(states, openMetrics: openMetrics)
        #expect(page["metrics_push_pod_memory_usage_bytes{namespace=\"\",pod=\"\",uid=\"u\\n\\\"}\\\\ 1\"}"] == 1_000)
        #expect(page["metrics_push_pod_memory_usage_bytes{namespace=\"\",pod=\"\",uid=\"u\"}"] == 1_000)
    }
}
