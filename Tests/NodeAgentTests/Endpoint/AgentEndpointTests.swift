// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Glibc
import TLS
import Testing
import Wire

@testable import NodeAgent

@Suite("What the endpoint tells of a sampling thread that runs")
struct AgentEndpointTests {
    /// A sampling thread with its endpoint, over a node of files.
    private final class Scene {
        let node = FixtureNode()
        let feed = FrameFeed()
        let board: SamplerBoard
        let pushes = PushRegistry()
        let rig: EndpointRig
        private let running: PushRig.Running<Bool>
        private let thread = Watched<pthread_t?>(nil)

        init(
            interval: Duration, detail: Bool = false, least: Duration = .seconds(30),
            collection: Duration = .seconds(60)
        ) throws {
            node.container(id(1), cpu: 1_500_000, memory: 64 << 10)
            node.link(pod: "web-0", container: "nginx", id: id(1))
            node.write("cgroup/\(FixtureNode.pod)/cpu.stat", "usage_usec 2000000\n")
            node.write("cgroup/\(FixtureNode.pod)/memory.stat", "anon 1\nfile 2\ninactive_file 4096\n")
            node.write("cgroup/\(FixtureNode.pod)/memory.current", "\((64 << 20) + 4096 + 12_345)\n")
            let path = "cgroup/\(FixtureNode.pod)/\(id(1))"
            node.write("\(path)/memory.max", "178257920\n")
            node.write("\(path)/memory.events", "low 0\nhigh 0\nmax 4\noom 2\noom_kill 1\n")
            node.write("\(path)/cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\n")
            let signal = try EventSignal()
            let board = SamplerBoard(interval: interval, least: least)
            let details = detail ? try DetailCollector(done: signal) : nil
            let endpoint = AgentEndpoint(board: board, pushes: pushes, details: details)
            self.board = board
            rig = try EndpointRig(
                { $0.collection = collection }, signal: signal, respond: { endpoint.answer($0, isLastMoment: $1) })
            running = try PushRig.Running { [roots = node.roots, feed, thread, collected = rig.collected] in
                guard let signals = try? SignalDescriptor(), let sampler = try? NodeSampler(roots: roots) else {
                    return false
                }
                thread.change { $0 = pthread_self() }
                SampleLoop(
                    sampler: sampler, feed: feed, interval: interval, log: collected.log, signals: signals,
                    board: board,
                    details: details
                ).run()
                return true
            }
        }

        func get(_ path: String, _ headers: String = "") throws -> RawClient.Response {
            let client = try rig.client()
            client.get(path, headers + "Connection: close\r\n")
            return try client.response()
        }

        /// Asks until the answer has this status: a busy machine may hold up the sampling thread for a moment.
        /// - Returns: the last answer.
        func livez(_ status: Int) throws -> RawClient.Response {
            let deadline = Deadline.after(.seconds(30))
            var answer = try get("/livez")
            while answer.status != status, !deadline.hasPassed { answer = try get("/livez") }
            return answer
        }

        func page() throws -> PrometheusPage { try PrometheusPage(get("/metrics").body) }

        func sweeps(_ count: UInt64) throws {
            let published = try EventSignal()
            feed.add(listener: published)
            published.wait(until: .after(.seconds(10))) { board.now.statistics.sweeps < count }
            // Told of behind the publication.
            while board.now.statistics.sweeps < count { sched_yield() }
        }

        func end() throws {
            pthread_kill(try thread.wait(for: "thread") { $0 }, SIGTERM)
            // Less than an interval.
            #expect(try running.end(within: .seconds(30)))
        }
    }

    @Test("the page has the sampler's own counters, in both dialects")
    func health() throws {
        let scene = try Scene(interval: .seconds(60))
        try scene.sweeps(2)
        let page = try scene.page()
        let prefix = "metrics_push_agent_"
        #expect(page["\(prefix)sweeps_total"] == 2 && page["\(prefix)sweeps_failed_total"] == 0)
        #expect(page["\(prefix)sweep_duration_seconds_count"] == 2)
        #expect(page["\(prefix)containers{role=\"app\"}"] == 1)
        #expect(page["\(prefix)containers_by_name{named=\"true\"}"] == 1)
        #expect(page["\(prefix)containers_by_name{named=\"false\"}"] == 0)
        #expect(page["\(prefix)kubepods_found"] == 1 && page["\(prefix)names_problem"] == 0)
        #expect(page["\(prefix)files_read_total"] == Double(scene.board.now.statistics.filesRead))
        #expect(try #require(page["\(prefix)read_bytes_total"]) > 200)
        #expect(try #require(page["\(prefix)last_sweep_age_seconds"]) < 60)
        #expect(page["\(prefix)detail_up"] == nil)
        let accept = "Accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1\r\n"
        let open = try scene.get("/metrics", accept)
        #expect(open.headers["content-type"]?.hasPrefix("application/openmetrics-text; version=1.0.0") == true)
        #expect(try PrometheusPage(open.body, openMetrics: true)["\(prefix)sweeps_total"] == 2)
        #expect(try scene.get("/").status == 404)
        try scene.end()
    }

    @Test("with detail, the page has each container's figures of now, and its pod's")
    func detail() throws {
        let scene = try Scene(interval: .seconds(60), detail: true)
        try scene.sweeps(2)
        // No sweep will see it.
        scene.node.write("cgroup/\(FixtureNode.pod)/\(id(1))/cpu.stat", "usage_usec 1750000\n")
        let page = try scene.page()
        let labels = "{namespace=\"default\",pod=\"web-0\",container=\"nginx\",uid=\"u-1\"}"
        let expected: [String: Double] = [
            "cpu_usage_seconds_total": 1.75, "memory_working_set_bytes": Double(64 << 20),
            "memory_usage_bytes": Double(64 << 20) + 4096, "memory_limit_bytes": 178_257_920, "oom_kills_total": 1,
            "restarts_total": 0,
        ]
        for (name, value) in expected { #expect(page["metrics_push_container_\(name)\(labels)"] == value, "\(name)") }
        let stall = labels.dropLast() + ",resource=\"cpu\",kind=\"some\"}"
        #expect(page["metrics_push_container_pressure_seconds_total\(stall)"] == 2.5)
        #expect(page["metrics_push_container_memory_swap_bytes\(labels)"] == nil)
        let pod = "{namespace=\"default\",pod=\"web-0\",uid=\"u-1\"}"
        #expect(page["metrics_push_pod_cpu_usage_seconds_total\(pod)"] == 2)
        #expect(page["metrics_push_pod_memory_overhead_bytes\(pod)"] == 12_345)
        #expect(page["metrics_push_agent_detail_up"] == 1)
        let open = try scene.get("/metrics", "Accept: application/openmetrics-text\r\n")
        #expect(try PrometheusPage(open.body, openMetrics: true)["metrics_push_pod_cpu_usage_seconds_total\(pod)"] == 2)
        try scene.end()
    }

    @Test("scrapes at once share one reading, and the next second has one of its own")
    func shared() throws {
        let scene = try Scene(interval: .seconds(60), detail: true)
        try scene.sweeps(2)
        let before = scene.board.now.statistics.sweeps
        let clients = try (0..<6).map { _ in try scene.rig.client() }
        for client in clients { client.get("/metrics") }
        let name = "metrics_push_agent_detail_duration_seconds"
        let durations = try clients.map { try PrometheusPage($0.response().body)[name] }
        #expect(Set(durations).count <= 2, "\(durations)")
        let first = try #require(durations[0])
        let deadline = Deadline.after(.seconds(10))
        var later: Double? = first
        while later == first, !deadline.hasPassed { later = try scene.page()[name] }
        #expect(later != first)
        #expect(scene.board.now.statistics.sweeps == before)
        try scene.end()
    }

    @Test("a scrape all the time makes no sweep late")
    func ticks() throws {
        let scene = try Scene(interval: .milliseconds(20), detail: true)
        try scene.sweeps(2)
        let first = scene.board.now.statistics.sweeps
        var sweeps: UInt64 = 0
        var scrapes = 0
        // 400 ms for each sweep: either side may be held up by the machine for seconds, and the other go on meanwhile.
        let deadline = Deadline.after(.seconds(60))
        while sweeps < 150 || scrapes < 6, !deadline.hasPassed {
            _ = try scene.page()
            scrapes += 1
            sweeps = scene.board.now.statistics.sweeps - first
        }
        #expect(sweeps >= 150 && scrapes >= 6, "\(sweeps) sweeps, \(scrapes) scrapes")
        try scene.end()
    }

    @Test("a sampling thread that is stuck fails /livez, with the reason; /metrics goes on without its containers")
    func stuck() throws {
        let scene = try Scene(
            interval: .milliseconds(10), detail: true, least: .milliseconds(300), collection: .milliseconds(50))
        try scene.sweeps(3)
        #expect(try scene.livez(200).body == "ok\n")
        let isOver = Watched(false)
        let isHeld = Watched(false)
        // The feed belongs to somebody who does not give it back: the thread cannot publish.
        let holder = try PushRig.Running { [feed = scene.feed] in
            try? feed.publish { encoder in
                encoder.begin(
                    bootTimeMicroseconds: 1, realTimeMicroseconds: 1,
                    node: NodeCounters(timeMicroseconds: 1, cpuMicroseconds: 1, memoryKiB: 1))
                isHeld.change { $0 = true }
                try? isOver.wait(until: "end of the test", within: .seconds(60)) { $0 }
            }
            return true
        }
        try isHeld.wait(until: "hold") { $0 }
        let answer = try scene.livez(503)
        #expect(answer.status == 503 && answer.body.contains("the last sweep ended"), "\(answer)")
        let head = try scene.rig.client()
        head.send("HEAD /livez HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try head.response(isHead: true).status == 503)
        let page = try scene.page()
        #expect(page["metrics_push_agent_detail_up"] == 0)
        #expect(page.types["metrics_push_container_cpu_usage_seconds_total"] == nil)
        isOver.change { $0 = true }
        _ = try holder.end()
        #expect(try scene.livez(200).status == 200)
        try scene.end()
    }

    @Test("a thread that never swept is not alive for ever")
    func neverSwept() throws {
        let board = SamplerBoard(interval: .milliseconds(1), least: .zero)
        let deadline = Deadline.after(.seconds(10))
        while board.problem == nil, !deadline.hasPassed {}
        #expect(board.problem?.contains("no sweep has ended since the start") == true)
        #expect(SamplerBoard(interval: .seconds(5)).limit == .seconds(30))
        #expect(SamplerBoard(interval: .seconds(60)).limit == .seconds(180))
    }
}
