// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import KubeTestSupport
import MetricsAPI
import Synchronization
import Testing
import Wire

@testable import Aggregator

@Suite("Containers named after the API server's word")
struct ContainerNamerTests {
    private static let path = "/api/v1/namespaces/shop/pods/web"

    @Test("a pod's containers are served under the names that the API server has for their ids, for one request")
    func joined() async throws {
        try await NamerRig.run { (rig) async throws in
            rig.exist("web", ["containerd://c1": "app", "containerd://c2": "proxy"])
            try rig.report([.nameless("c1"), .nameless("c2")])
            #expect(rig.served == [])
            _ = await rig.round()
            #expect(rig.served == ["shop/web app proxy"])
            #expect(rig.cluster.server.requests.map(\.path) == [Self.path])
            #expect(rig.metrics.joined.value == 2)
            #expect(rig.outcomes == ["answered": 1])
            _ = await rig.round()
            #expect(rig.cluster.server.requests.count == 1)
        }
    }

    @Test("agents are given 10 s to name them; nothing is asked where all have names")
    func patience() async throws {
        try await NamerRig.run { (rig) async throws in
            rig.exist("web", ["containerd://c1": "app"])
            try rig.report([.nameless("c1"), .app("proxy", id: "c2")], at: [100, 109])
            _ = await rig.round()
            #expect(rig.cluster.server.requests.isEmpty)
            try rig.report([.app("app", id: "c1"), .app("proxy", id: "c2")], at: [110, 130])
            _ = await rig.round()
            #expect(rig.cluster.server.requests.isEmpty)
            #expect(rig.served == ["shop/web app proxy"])
        }
    }

    @Test(
        "a static pod's cgroups carry another uid than its mirror, which is asked for and must be the one that answers")
    func staticPod() async throws {
        try await NamerRig.run { (rig) async throws in
            rig.exist("web", uid: "mirror", hash: "hash", ["containerd://c1": "etcd"])
            try rig.report([.nameless("c1", uid: "hash")])
            _ = await rig.round()
            #expect(rig.served == ["shop/web etcd"])
        }
    }

    @Test("another pod under the same name gives no names, and is not asked again at once")
    func madeAnew() async throws {
        try await NamerRig.run { (rig) async throws in
            rig.exist("web", uid: "uid-web", ["containerd://c1": "app"])
            rig.answer("web", uid: "new", ["containerd://c1": "app"])
            try rig.report([.nameless("c1")])
            _ = await rig.round()
            _ = await rig.round()
            #expect(rig.served == [])
            #expect(rig.outcomes == ["gone": 1])
            try rig.advance(by: .seconds(10))
            rig.answer("web", uid: "uid-web", ["containerd://c1": "app"])
            _ = await rig.round()
            #expect(rig.served == ["shop/web app"])
        }
    }

    @Test("a container that the API server does not know is asked about again after 5 minutes, a new one earlier")
    func unknown() async throws {
        try await NamerRig.run { (rig) async throws in
            rig.exist("web", ["containerd://c1": "app"])
            try rig.report([.nameless("sandbox"), .nameless("c1")])
            for seconds in [0, 11, 280] {
                try rig.advance(by: .seconds(seconds))
                _ = await rig.round()
            }
            #expect(rig.cluster.server.requests.count == 1)
            #expect(rig.served == ["shop/web app"])
            rig.answer("web", uid: "uid-web", ["containerd://c1": "app", "containerd://c3": "debugger"])
            try rig.report([.nameless("sandbox"), .nameless("c1"), .nameless("c3")], at: [500, 520])
            _ = await rig.round()
            #expect(rig.cluster.server.requests.count == 2)
            #expect(rig.served == ["shop/web app debugger"])
            // That answer did not know it either.
            for (seconds, count) in [(290, 2), (10, 3)] {
                try rig.advance(by: .seconds(seconds))
                _ = await rig.round()
                #expect(rig.cluster.server.requests.count == count)
            }
        }
    }

    @Test("a series that comes anew with the same containers costs no request, nor does an agent that comes back")
    func cached() async throws {
        try await NamerRig.run { (rig) async throws in
            rig.exist("web", ["containerd://c1": "app"])
            try rig.report([.nameless("c1")])
            _ = await rig.round()
            try rig.report([.nameless("c1")], at: [200, 220])
            #expect(rig.served == ["shop/web app"])
            try rig.report([.nameless("c1")], at: [50, 70], bootID: "boot-2")
            #expect(rig.served == [])
            _ = await rig.round()
            #expect(rig.served == ["shop/web app"])
            #expect(rig.cluster.server.requests.count == 1)
            #expect(rig.metrics.joined.value == 2)
        }
    }

    @Test("a pod that is no more is forgotten, and its containers are asked about when it is there again")
    func forgotten() async throws {
        try await NamerRig.run { (rig) async throws in
            rig.exist("web", ["containerd://c1": "app"])
            try rig.report([.nameless("c1")])
            _ = await rig.round()
            #expect(rig.cached == 1)
            rig.directory.replacePods([])
            try rig.advance(by: .seconds(10))
            _ = await rig.round()
            #expect(rig.cached == 0)
        }
    }

    @Test("a pod that is not listed is not asked about, and is looked for again later")
    func unlisted() async throws {
        try await NamerRig.run { (rig) async throws in
            try rig.report([.nameless("c1")])
            _ = await rig.round()
            rig.exist("web", ["containerd://c1": "app"])
            _ = await rig.round()
            #expect(rig.cluster.server.requests.isEmpty)
            try rig.advance(by: .seconds(10))
            _ = await rig.round()
            #expect(rig.served == ["shop/web app"])
        }
    }

    @Test("nothing is asked before the cluster's pods are listed")
    func notListedYet() async throws {
        try await NamerRig.run(isListed: false) { (rig) async throws in
            rig.exist("web", ["containerd://c1": "app"])
            try rig.report([.nameless("c1")])
            _ = await rig.round()
            #expect(rig.cluster.server.requests.isEmpty)
        }
    }

    @Test("a node that has fallen silent is not asked about")
    func stale() async throws {
        try await NamerRig.run { (rig) async throws in
            rig.exist("web", ["containerd://c1": "app"])
            try rig.report([.nameless("c1")])
            rig.clock.advance(by: .seconds(31))
            _ = await rig.round()
            #expect(rig.cluster.server.requests.isEmpty)
        }
    }

    @Test("failures back off and are told once, with the way out; then it goes on")
    func failures() async throws {
        try await NamerRig.run { (rig) async throws in
            rig.exist("web", ["containerd://c1": "app"])
            try rig.report([.nameless("c1")])
            rig.cluster.server.on("GET \(Self.path)") { _ in .status(403, "Forbidden", "pods \"web\" is forbidden") }
            var waits: [Duration] = []
            for _ in 0..<9 { waits.append(await rig.round()) }
            for (turn, wait) in waits.enumerated() {
                let bound = min(.seconds(60), Duration.seconds(1 << turn))
                #expect(wait >= bound / 2 && wait <= bound, "\(turn)")
            }
            #expect(rig.outcomes == ["forbidden": 9])
            let lines = rig.log.lines(with: "cannot ask for the names")
            #expect(lines.count == 1)
            #expect(lines.first?.contains("grant it to our ServiceAccount") == true)
            rig.cluster.server.on("GET \(Self.path)") { _ in .status(500, "InternalError", "etcd is away") }
            #expect(await rig.round() >= .seconds(30))
            #expect(rig.log.lines(with: "cannot ask for the names").count == 2)
            rig.answer("web", uid: "uid-web", ["containerd://c1": "app"])
            #expect(await rig.round() == rig.namer.timing.interval)
            #expect(rig.served == ["shop/web app"])
            #expect(rig.log.lines(with: "can be asked for again").count == 1)
            #expect(rig.outcomes == ["forbidden": 9, "failed": 1, "answered": 1])
        }
    }

    @Test("a pod whose answer cannot be read, or that is gone, keeps no other waiting")
    func unusable() async throws {
        try await NamerRig.run { (rig) async throws in
            for name in ["web", "db", "gone"] { rig.exist(name, ["containerd://\(name)": "app"]) }
            rig.cluster.server.on("GET \(Self.path)") { _ in
                .protobuf(KubeProto.envelope("v1", "Pod", KubeProto().raw(3, [0xFF])))
            }
            rig.cluster.server.on("GET /api/v1/namespaces/shop/pods/gone") { _ in .status(404, "NotFound", "no") }
            try rig.report(["web", "db", "gone"].map { .nameless($0, uid: "uid-\($0)") })
            #expect(await rig.round() == rig.namer.timing.interval)
            #expect(rig.served == ["shop/db app"])
            #expect(rig.outcomes == ["answered": 1, "unusable": 1, "gone": 1])
            try rig.advance(by: .seconds(280))
            _ = await rig.round()
            #expect(rig.outcomes == ["answered": 1, "unusable": 1, "gone": 2])
            try rig.advance(by: .seconds(20))
            _ = await rig.round()
            #expect(rig.outcomes == ["answered": 1, "unusable": 2, "gone": 3])
        }
    }

    @Test("requests come one at a time and apart, a bounded number in a round, and no node keeps another waiting")
    func pacing() async throws {
        try await NamerRig.run(spacing: .milliseconds(5)) { (rig) async throws in
            let crowd = (0..<200).map { "p\($0)" }
            for name in crowd + ["web"] { rig.exist(name, ["containerd://\(name)": "app"]) }
            try rig.report(crowd.map { .nameless($0, uid: "uid-\($0)") }, node: "n1")
            try rig.report([.nameless("web")], node: "n2")
            let began = ContinuousClock.now
            _ = await rig.round()
            #expect(ContinuousClock.now - began >= .milliseconds(5) * ContainerNamer.requestsARound)
            #expect(rig.cluster.server.requests.count == ContainerNamer.requestsARound)
            #expect(Set(rig.cluster.server.requests.map(\.connection)) == [0])
            #expect(rig.served.contains("shop/web app"))
            for _ in 0..<4 { _ = await rig.round() }
            #expect(rig.served.count == 201)
            // Each is asked about once, and answered. Not the server's count: the client sends a request again whose connection had
            // gone stale.
            #expect(rig.outcomes == ["answered": 201])
        }
        // Less than five a second, whatever the server does.
        #expect(ContainerNamer.Timing().spacing >= .milliseconds(200))
    }

    @Test("it runs until it is cancelled, also while a request is under way")
    func cancelled() async throws {
        try await NamerRig.run { (rig) async throws in
            rig.exist("web", ["containerd://c1": "app"])
            try rig.report([.nameless("c1")])
            rig.cluster.server.on("GET \(Self.path)") { _ in .silence }
            let task = Task { [namer = rig.namer] in await namer.run() }
            #expect(try await eventually { !rig.cluster.server.requests.isEmpty })
            task.cancel()
            await task.value
            #expect(rig.outcomes.isEmpty)
            #expect(rig.log.lines(with: "warning").isEmpty)
        }
    }

    @Test("the counters are there from the start, and count")
    func page() async throws {
        try await NamerRig.run { (rig) async throws in
            func page() throws -> PrometheusPage {
                try PrometheusPage(
                    MetricsPage(
                        ingest: IngestMetrics(), server: ServerMetrics(), store: rig.store, naming: rig.metrics
                    ).render())
            }
            func requests(_ result: String) throws -> Double? {
                try page()["metrics_push_container_name_requests_total{result=\"\(result)\"}"]
            }
            for outcome in NamingMetrics.Outcome.allCases { #expect(try requests(outcome.rawValue) == 0) }
            rig.exist("web", ["containerd://c1": "app"])
            try rig.report([.nameless("c1"), .nameless("sandbox"), .app("x", id: "c2")])
            #expect(try page()["metrics_push_containers_without_name"] == 2)
            _ = await rig.round()
            #expect(try page()["metrics_push_containers_without_name"] == 1)
            #expect(try page()["metrics_push_container_names_joined_total"] == 1)
            #expect(try requests("answered") == 1)
        }
    }
}
