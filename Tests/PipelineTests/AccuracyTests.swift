// SPDX-License-Identifier: Apache-2.0
import TLSTestSupport
import Testing

/// A known load in a real cgroup, followed all the way: agent, TLS, aggregator, and the call that kubectl top makes.
///
/// What is served is compared to the kernel's counter over the span that the answer names, never to the load that was
/// meant: a busy machine gives a process less.
@Suite(
    .serialized, .enabled(if: KernelTrees.obstacle == nil, Comment(rawValue: KernelTrees.obstacle ?? "")),
    .timeLimit(.minutes(5)))
struct AccuracyTests {
    private let web = PodCgroups.Container(
        pod: "web-0", uid: "3f0d2a9e-5c1b-4e0a-9d53-0c6d1f7a8b21", name: "nginx", id: id(1))
    private let batch = PodCgroups.Container(
        pod: "report-1", uid: "9a7b6c5d-1e2f-4a3b-8c9d-e0f1a2b3c4d5", name: "worker", id: id(2))

    @Test("CPU is within 5 % of the kernel's counter over the same span, memory within 1 MiB")
    func figures() async throws {
        let pods = try PodCgroups("accuracy")
        let loads = [(web, 30, 48), (batch, 8, 24)]
        let records = loads.map { KernelRecord(pods.path(of: $0.0), in: pods.trees) }
        for (container, percent, mebibytes) in loads {
            try pods.start(container, percent: percent, mebibytes: mebibytes)
        }
        let aggregator = try await AggregatorProcess(flags: ["--rate-window", "4s"])
        let agent = try startAgent(aggregator, node: pods.flags)
        // Past the window's length rates are taken over the window, not over the life so far.
        let client = try aggregator.client()
        try await agent.until("figures over the whole window") {
            try client.pods().count == 2 && client.pods().allSatisfy { $0.windowNanoseconds >= 4_000_000_000 }
        }

        var checked = 0
        var last: [ServedFigure] = []
        let deadline = ContinuousClock.now + .seconds(120)
        while checked < 8 {
            try #require(ContinuousClock.now < deadline, "only \(checked) figures have a record without gaps")
            let served = try Self.ask(aggregator)
            try #require(served.map(\.name) == [batch.servedName, web.servedName])
            // The record has to reach beyond the second that the answer names.
            try await Task.sleep(for: .milliseconds(300))
            if !last.isEmpty, served[1].isSameSample(as: last[1]) { continue }
            last = served
            for (figure, record) in zip(served, records.reversed()) {
                let history = KernelHistory(record)
                guard history.covers(figure) else { continue }
                checked += 1
                try Self.compare(figure, with: history)
            }
        }
        agent.signal(15)
        #expect(try await agent.end() == 0)
    }

    @Test("A node's CPU is within 5 % of the root cgroup's counter over the same span")
    func node() async throws {
        let pods = try PodCgroups("node")
        try pods.start(web, percent: 40, mebibytes: 1)
        let record = KernelRecord("", in: pods.trees)
        let aggregator = try await AggregatorProcess(flags: ["--rate-window", "2s"])
        let agent = try startAgent(aggregator, node: pods.flags)
        let client = try aggregator.client()
        var last: ServedFigure?
        var checked = 0
        for _ in 0..<30 where checked < 3 {
            try await agent.until("another sample of the whole window") {
                guard let figure = try client.nodes().first, figure.windowNanoseconds >= 2_000_000_000 else {
                    return false
                }
                defer { last = figure }
                return !figure.isSameSample(as: last ?? figure)
            }
            try await Task.sleep(for: .milliseconds(300))
            let figure = try #require(last)
            let history = KernelHistory(record)
            guard history.covers(figure) else { continue }
            checked += 1
            let kernel = try #require(history.nearestRate(to: figure))
            #expect(
                abs(Double(figure.cpuNanocores) - kernel) <= 0.05 * kernel, "\(figure), the kernel counted \(kernel)")
        }
        #expect(checked == 3, "too few figures have a record without gaps")
    }

    private static func compare(_ figure: ServedFigure, with history: KernelHistory) throws {
        let kernel = try #require(history.nearestRate(to: figure), "\(figure)")
        let error = (Double(figure.cpuNanocores) - kernel) / kernel
        #expect(abs(error) <= 0.05, "\(figure), the kernel counted \(kernel) nanocores")
        // A load that did not run would agree with anything.
        #expect(kernel > 10_000_000, "\(figure)")
        let workingSet = try #require(history.workingSet(of: figure), "\(figure)")
        let mebibyte: UInt64 = 1 << 20
        #expect(
            figure.memoryBytes + mebibyte >= workingSet.lowerBound
                && figure.memoryBytes <= workingSet.upperBound + mebibyte,
            "\(figure), the kernel counted \(workingSet)")
    }

    /// As kubectl top does, with somebody else's HTTP and TLS.
    private static func ask(_ aggregator: AggregatorProcess) throws -> [ServedFigure] {
        let body = aggregator.state.file("answer")
        try curl(aggregator, APIClient.pods, accept: APIClient.protobuf, to: body)
        return try ServedFigure.pods(TemporaryDirectory.read(body), seen: RealTime.now())
    }

    private static func curl(_ aggregator: AggregatorProcess, _ path: String, accept: String, to file: String) throws {
        let token = TemporaryDirectory.read(aggregator.state.file("user-token")).filter { $0 > 0x20 }
        try ChildProcess.check([
            "curl", "--silent", "--show-error", "--fail", "--cacert", aggregator.caFile, "--header",
            "Authorization: Bearer \(String(decoding: token, as: UTF8.self))", "--header", "Accept: \(accept)",
            "--output", file, "https://\(aggregator.api)\(path)",
        ])
    }

    @Test("JSON and protobuf tell the same, and kubectl top prints it")
    func kubectl() async throws {
        let pods = try PodCgroups("kubectl")
        try pods.start(web, percent: 10, mebibytes: 16)
        let record = KernelRecord(pods.path(of: web), in: pods.trees)
        let aggregator = try await AggregatorProcess(flags: ["--rate-window", "2s"])
        // Samples far enough apart to ask twice between two of them.
        let agent = try startAgent(aggregator, node: pods.flags, interval: "6s")
        let client = try aggregator.client()
        try await agent.until("figures over the whole window") {
            try client.pods().first.map { $0.windowNanoseconds >= 2_000_000_000 } ?? false
        }
        let file = aggregator.state.file("answer")
        var figure = try #require(try Self.ask(aggregator).first)
        var json = try TestJSON("{}")
        var top = ""
        try await agent.until("two answers from one sample", within: .seconds(90)) {
            figure = try #require(try Self.ask(aggregator).first)
            try Self.curl(aggregator, APIClient.pods, accept: "application/json", to: file)
            json = try TestJSON(TemporaryDirectory.read(file))
            if Programs.kubectl != nil { top = try Self.top(aggregator, ["pod", "-A", "--containers"]) }
            return try #require(try Self.ask(aggregator).first).isSameSample(as: figure)
        }
        let item = try #require(json["items"]?[0])
        let usage = try #require(item["containers"]?[0]?["usage"])
        #expect(item["metadata"]?["name"]?.text == web.pod)
        #expect(try Quantity.nanocores(usage["cpu"]?.text ?? "") == figure.cpuNanocores)
        #expect(try Quantity.bytes(usage["memory"]?.text ?? "") == figure.memoryBytes)
        let end = figure.end.upperBound + 300_000_000
        try await agent.until("a record beyond the sample") { (record.points.last?.before ?? 0) >= end }
        try Self.compare(figure, with: KernelHistory(record))

        guard Programs.kubectl != nil else { return }
        // kubectl rounds CPU up to thousandths and memory down to MiB.
        let row = [
            web.namespace, web.pod, web.name, "\((figure.cpuNanocores + 999_999) / 1_000_000)m",
            "\(figure.memoryBytes >> 20)Mi",
        ]
        let rows = top.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(rows == [["NAMESPACE", "POD", "NAME", "CPU(cores)", "MEMORY(bytes)"], row], "\(top)")
        let node = try Self.top(aggregator, ["node"]).split(separator: "\n")
        #expect(node.count == 2)
        #expect(
            node.last?.hasPrefix(AggregatorProcess.node + " ") == true && node.last?.contains("%") == true, "\(node)")
    }

    /// kubectl keeps what it discovered below its home.
    private static func top(_ aggregator: AggregatorProcess, _ arguments: [String]) throws -> String {
        try ChildProcess.check(
            [
                "env", "HOME=\(aggregator.state.path)", "KUBECONFIG=\(aggregator.kubeconfig)",
                Programs.kubectl ?? "kubectl", "top",
            ] + arguments)
    }
}
