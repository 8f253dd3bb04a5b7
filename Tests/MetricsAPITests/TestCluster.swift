// SPDX-License-Identifier: Apache-2.0

import Glibc
import MetricsAPI

/// The cluster the peer's answers were recorded from: three nodes, four namespaces of three pods of two containers.
struct TestCluster: MetricsSource {
    var allNodes: [NodeFigures]
    var allPods: [PodFigures]
    /// Objects that exist without figures.
    var silentNodes: Set<String> = []
    var silentPods: Set<String> = []

    /// 2026-08-04T10:00:00.25Z
    static let now: Int64 = 1_785_837_600_250_000_000
    static let timestamp = now - 2_750_000_000

    init() {
        self.allNodes = (0..<3).map { index in
            NodeFigures(
                name: "node-\(index)",
                labels: Labels(["kubernetes.io/hostname": "node-\(index)", "zone": "z\(index)"]),
                timestampUnixNanoseconds: Self.timestamp, windowNanoseconds: 15_953_000_000,
                usage: ResourceUsage(cpuNanocores: 7_338_891, memoryBytes: 14520 << 10))
        }
        self.allPods = (0..<4).flatMap { app in
            (0..<3).map { node in
                PodFigures(
                    namespace: "ns-\(app)", name: "pod-\(node)-\(app)", uid: "",
                    labels: Labels(["app": "app-\(app)", "tier": "t\(node)", "pod-template-hash": "5d8c7b6f9"]),
                    timestampUnixNanoseconds: Self.timestamp, windowNanoseconds: 15_000_000_000,
                    containers: (0..<2).map { container in
                        ContainerFigures(
                            name: "c\(container)",
                            usage: ResourceUsage(cpuNanocores: 250_000_000, memoryBytes: 64 << 20))
                    })
            }
        }
    }

    func nodes(_ selection: Selection) -> FiguresList {
        var list = FiguresList(.nodes)
        for node in self.allNodes where selection.matches(ObjectIdentity(name: node.name, labels: node.labels)) {
            list.append(node)
        }
        return list
    }

    func node(named name: String) -> Lookup<FiguresList> {
        if let node = self.allNodes.first(where: { $0.name == name }) { return .found(FiguresList(node)) }
        return self.silentNodes.contains(name) ? .withoutMetrics : .unknown
    }

    func pods(_ selection: Selection) -> FiguresList {
        var list = FiguresList(.pods)
        for pod in self.allPods
        where selection.matches(ObjectIdentity(namespace: pod.namespace, name: pod.name, labels: pod.labels)) {
            list.append(pod)
        }
        return list
    }

    func pod(namespace: String, name: String) -> Lookup<FiguresList> {
        if let pod = self.allPods.first(where: { $0.namespace == namespace && $0.name == name }) {
            return .found(FiguresList(pod))
        }
        return self.silentPods.contains("\(namespace)/\(name)") ? .withoutMetrics : .unknown
    }

    func size(of kind: FiguresList.Kind, _ selection: Selection) -> Int {
        kind == .nodes ? self.allNodes.count : self.allPods.count
    }
}

let testVersion = VersionInfo(major: "1", minor: "37", gitVersion: "v1.37.0", platform: "linux/amd64")
let base = "/apis/metrics.k8s.io/v1beta1"

/// One request to a plain handler.
func ask(
    _ path: String, query: String? = nil, accept: String? = nil, method: String = "GET", agent: String? = nil,
    ifNoneMatch: String? = nil, of cluster: TestCluster = TestCluster(),
    handler: MetricsAPIHandler = MetricsAPIHandler(versionInfo: testVersion)
) -> APIResponse {
    handler.respond(
        to: APIRequest(
            method: method, path: path, query: query, accept: accept, ifNoneMatch: ifNoneMatch, userAgent: agent),
        from: cluster, nowUnixNanoseconds: TestCluster.now, observeServed: { _ in })
}

extension APIResponse {
    var bytes: [UInt8] { self.body.collected() }

    var text: String { String(decoding: self.bytes, as: UTF8.self) }

    func json() throws -> TestJSON { try TestJSON(self.bytes) }
}

/// A text as a query value.
func encoded(_ text: String) -> String {
    text.utf8.map { byte in
        let plain = Character(Unicode.Scalar(byte))
        if byte < 0x80, plain.isLetter || plain.isNumber || plain == "-" || plain == "." { return String(plain) }
        return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
}

/// The bytes of a file beside the tests.
func fixture(_ name: String, from file: String = #filePath) throws -> [UInt8] {
    let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let descriptor = open("\(folder)/Fixtures/\(name)", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw TestJSON.Malformed(at: 0) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { return bytes }
        bytes += chunk[..<count]
    }
}
