// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MetricsAPI

struct ListAndGetTests {
    static let pods = "\(base)/namespaces/ns-1/pods"

    static func pod(uid: String = "uid-1", _ usages: ResourceUsage...) -> PodFigures {
        PodFigures(
            namespace: "ns", name: "p", uid: uid, labels: Labels(["b": "2", "a": "1"]),
            timestampUnixNanoseconds: TestCluster.timestamp, windowNanoseconds: 15_953_000_000,
            containers: usages.enumerated().map { ContainerFigures(name: "c\(9 - $0.offset)", usage: $0.element) })
    }

    static func cluster(_ pods: PodFigures...) -> TestCluster {
        var cluster = TestCluster()
        cluster.allPods = pods
        return cluster
    }

    @Test("a pod in JSON, to the byte")
    func podJSON() {
        let pod = Self.pod(
            ResourceUsage(cpuNanocores: 7_338_891, memoryBytes: 14520 << 10),
            ResourceUsage(cpuNanocores: 0, memoryBytes: 0, swapBytes: 4096))
        let answer = ask("\(base)/namespaces/ns/pods/p", of: Self.cluster(pod))
        #expect(
            answer.text == """
                {"kind":"PodMetrics","apiVersion":"metrics.k8s.io/v1beta1","metadata":{"name":"p","namespace":"ns",\
                "uid":"uid-1","creationTimestamp":"2026-08-04T10:00:00Z","labels":{"a":"1","b":"2"}},\
                "timestamp":"2026-08-04T09:59:57Z","window":"15.953s","containers":[\
                {"name":"c9","usage":{"cpu":"7338891n","memory":"14520Ki"}},\
                {"name":"c8","usage":{"cpu":"0","memory":"0","swap":"4Ki"}}]}

                """)
    }

    @Test("both versions are served with their own name", arguments: ["v1", "v1beta1"])
    func versions(version: String) throws {
        let root = "/apis/metrics.k8s.io/\(version)"
        #expect(try ask("\(root)/nodes").json()["apiVersion"]?.text == "metrics.k8s.io/\(version)")
        #expect(try ask("\(root)/nodes/node-0").json()["apiVersion"]?.text == "metrics.k8s.io/\(version)")
        let protobuf = ask("\(root)/pods", accept: "application/vnd.kubernetes.protobuf")
        #expect(try TestEnvelope(protobuf.bytes).apiVersion == "metrics.k8s.io/\(version)")
        #expect(try ask(root).json()["groupVersion"]?.text == "metrics.k8s.io/\(version)")
    }

    @Test("a pod without uid has none in its metadata, nor an empty label map")
    func bare() throws {
        var pod = Self.pod(uid: "", ResourceUsage(cpuNanocores: 1, memoryBytes: 1))
        pod.labels = .empty
        let metadata = try ask("\(base)/namespaces/ns/pods/p", of: Self.cluster(pod)).json()["metadata"]
        guard case .object(let members)? = metadata else {
            Issue.record("no metadata")
            return
        }
        #expect(Set(members.keys) == ["name", "namespace", "creationTimestamp"])
    }

    @Test("lists in protobuf carry what JSON carries")
    func protobufList() throws {
        let answer = ask("\(base)/pods", accept: "application/vnd.kubernetes.protobuf")
        let envelope = try TestEnvelope(answer.bytes)
        #expect(envelope.kind == "PodMetricsList")
        let items = try envelope.object.all(2)
        let json = try #require(try ask("\(base)/pods").json()["items"]?.items)
        #expect(items.count == 12 && json.count == 12)
        for (item, expected) in zip(items, json) {
            let metadata = try item.message(1)
            #expect(metadata.string(1) == expected["metadata"]?["name"]?.text)
            #expect(metadata.string(3) == expected["metadata"]?["namespace"]?.text)
            #expect(metadata.string(5) == nil)
            #expect(try metadata.message(8).integer(1) == TestCluster.now / 1_000_000_000)
            let labels = try metadata.map(11).mapValues(TestJSON.string)
            #expect(TestJSON.object(labels) == expected["metadata"]?["labels"])
            #expect(try item.message(2).integer(1) == TestCluster.timestamp / 1_000_000_000)
            #expect(try item.message(3).integer(1) == 15_000_000_000)
            let containers = try item.all(4)
            #expect(containers.map { $0.string(1) } == ["c0", "c1"])
            for container in containers {
                #expect(try container.quantities(2) == ["cpu": "250m", "memory": "64Mi"])
            }
        }
    }

    @Test("nodes and single objects in protobuf")
    func protobufSingle() throws {
        let node = try TestEnvelope(ask("\(base)/nodes/node-1", accept: "application/vnd.kubernetes.protobuf").bytes)
        #expect(node.kind == "NodeMetrics")
        #expect(try node.object.message(1).string(1) == "node-1")
        #expect(try node.object.quantities(4) == ["cpu": "7338891n", "memory": "14520Ki"])
        let nodes = try TestEnvelope(ask("\(base)/nodes", accept: "application/vnd.kubernetes.protobuf").bytes)
        #expect(try nodes.object.all(2).count == 3)
        let pod = Self.pod(ResourceUsage(cpuNanocores: .max, memoryBytes: .max, swapBytes: 0))
        let body = ask(
            "\(base)/namespaces/ns/pods/p", accept: "application/vnd.kubernetes.protobuf", of: Self.cluster(pod)
        ).bytes
        let envelope = try TestEnvelope(body)
        #expect(envelope.kind == "PodMetrics")
        #expect(try envelope.object.message(1).string(5) == "uid-1")
        #expect(
            try envelope.object.message(4).quantities(2)
                == ["cpu": "18446744073709551610n", "memory": "18446744073709551610", "swap": "0"])
    }

    @Test(
        "protobuf lengths are right at every size of item and list", arguments: [0, 1, 2, 31, 33, 64, 200, 5000])
    func protobufSizes(count: Int) throws {
        var cluster = TestCluster()
        cluster.allPods = (0..<count).map { index in
            var pod = Self.pod(ResourceUsage(cpuNanocores: 1, memoryBytes: 1))
            pod.name = String(repeating: "n", count: 1 + index % 250)
            // Labels now and then push an item past 16 KiB, where its length takes three bytes.
            if index % 500 == 1 { pod.labels = Labels(["big": String(repeating: "x", count: 20_000)]) }
            return pod
        }
        for accept in [
            "application/vnd.kubernetes.protobuf",
            "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
        ] {
            let envelope = try TestEnvelope(ask("\(base)/pods", accept: accept, of: cluster).bytes)
            let names = try envelope.object.all(2).map { try $0.message(1).string(1) ?? "" }
            #expect(names == cluster.allPods.map(\.name))
        }
        #expect(try ask("\(base)/pods", of: cluster).json()["items"]?.items?.count == count)
    }

    @Test("metadata-only lists in protobuf, both versions of meta.k8s.io", arguments: [("v1", 2), ("v1beta1", 1)])
    func partialObjects(version: String, field: Int) throws {
        let accept = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=\(version)"
        let envelope = try TestEnvelope(ask("\(base)/nodes", accept: accept).bytes)
        #expect(envelope.apiVersion == "meta.k8s.io/\(version)")
        #expect(try envelope.object.all(field).map { try $0.message(1).string(1) } == ["node-0", "node-1", "node-2"])
        let single = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=\(version)"
        let node = try TestEnvelope(ask("\(base)/nodes/node-2", accept: single).bytes)
        #expect(node.kind == "PartialObjectMetadata")
        #expect(try node.object.message(1).map(11)["zone"] == "z2")
    }

    @Test("a Table sums a pod's containers and shows swap only where there is any")
    func table() throws {
        let accept = "application/json;as=Table;v=v1beta1;g=meta.k8s.io"
        let plain = Self.pod(
            ResourceUsage(cpuNanocores: 1_500_000, memoryBytes: 1024),
            ResourceUsage(cpuNanocores: 500_000, memoryBytes: 1024))
        var table = try ask("\(base)/pods", accept: accept, of: Self.cluster(plain)).json()
        #expect(table["apiVersion"]?.text == "meta.k8s.io/v1beta1")
        #expect(table["rows"]?[0]?["cells"] == .array(["p", "2m", "2Ki", "15.953s"].map(TestJSON.string)))
        let swapping = Self.pod(
            ResourceUsage(cpuNanocores: .max, memoryBytes: .max, swapBytes: .max),
            ResourceUsage(cpuNanocores: 5, memoryBytes: 5, swapBytes: 5))
        table = try ask("\(base)/pods", accept: accept, of: Self.cluster(plain, swapping)).json()
        let columns = table["columnDefinitions"]?.items?.compactMap { $0["name"]?.text }
        #expect(columns == ["Name", "cpu", "memory", "swap", "Window"])
        #expect(table["rows"]?[0]?["cells"]?[3] == .null)
        #expect(table["rows"]?[1]?["cells"]?[3] == .string("18446744073709551610"))
        table = try ask("\(base)/pods", accept: accept, of: Self.cluster()).json()
        #expect(table["rows"] == .array([]))
        #expect(table["columnDefinitions"]?.items?.count == 4)
    }

    @Test("a Table's rows carry the object asked for")
    func includeObject() throws {
        let accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
        func row(_ query: String) throws -> TestJSON? {
            try ask("\(base)/nodes", query: query, accept: accept).json()["rows"]?[0]
        }
        #expect(try row("includeObject=None")?["object"] == nil)
        #expect(try row("includeObject=Metadata")?["object"]?["kind"]?.text == "PartialObjectMetadata")
        #expect(try row("includeObject=")?["object"]?["kind"]?.text == "PartialObjectMetadata")
        #expect(try row("includeObject=Object")?["object"]?["kind"]?.text == "NodeMetrics")
        #expect(try row("includeObject=Object")?["object"]?["usage"]?["cpu"]?.text == "7338891n")
        let refused = ask("\(base)/nodes", query: "includeObject=x", accept: accept)
        #expect(refused.status == 400)
        #expect(
            try refused.json()["message"]?.text
                == "Unable to convert to Table as requested: includeObject: Invalid value: \"x\": must be 'Metadata', "
                + "'Object', 'None', or empty")
    }

    @Test("an object without figures is told from one that does not exist")
    func withoutMetrics() throws {
        var cluster = TestCluster()
        cluster.silentNodes = ["quiet"]
        cluster.silentPods = ["ns-1/quiet"]
        let node = try ask("\(base)/nodes/quiet", of: cluster).json()
        #expect(node["message"]?.text == "nodemetrics.metrics.k8s.io \"quiet\" not found")
        #expect(
            node["details"]
                == .object([
                    "name": .string("quiet"), "group": .string("metrics.k8s.io"), "kind": .string("nodemetrics"),
                ]))
        let pod = try ask("\(Self.pods)/quiet", of: cluster).json()
        #expect(pod["message"]?.text == "podmetrics.metrics.k8s.io \"ns-1/quiet\" not found")
        #expect(pod["code"]?.text == "404")
    }

    @Test("all figures that are returned are observed, and no others")
    func served() {
        func served(_ path: String, query: String? = nil) -> [String] {
            var names: [String] = []
            _ = MetricsAPIHandler(versionInfo: testVersion).respond(
                to: APIRequest(method: "GET", path: path, query: query), from: TestCluster(),
                nowUnixNanoseconds: TestCluster.now, observeServed: { names += $0.rows.map(\.identity.name) })
            return names
        }
        #expect(served("\(base)/nodes") == ["node-0", "node-1", "node-2"])
        #expect(served("\(base)/nodes", query: "labelSelector=zone%3Dz1") == ["node-1"])
        #expect(served("\(Self.pods)/pod-0-1") == ["pod-0-1"])
        #expect(served("\(Self.pods)/nope").isEmpty)
        #expect(served("/apis").isEmpty)
    }

    @Test(
        "list options are checked as API servers check them",
        arguments: [
            ("limit=1&continue=x&resourceVersion=5", 200, nil), ("watch=false", 200, nil), ("watch=0", 200, nil),
            ("unknown=1&&=&x", 200, nil), ("limit=5&limit=abc", 200, nil), ("labelSelector=%zz", 200, nil),
            ("labelSelector=a;b", 200, nil), ("resourceVersionMatch=NotOlderThan&resourceVersion=0", 200, nil),
            ("watch=true", 405, "watch is not supported on resources of kind \"pods.metrics.k8s.io\""),
            ("watch", 405, "watch is not supported on resources of kind \"pods.metrics.k8s.io\""),
            (
                "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", 405,
                "watch is not supported on resources of kind \"pods.metrics.k8s.io\""
            ),
            ("limit=", 400, "strconv.ParseInt: parsing \"\": invalid syntax"),
            (
                "limit=99999999999999999999", 400,
                "strconv.ParseInt: parsing \"99999999999999999999\": value out of range"
            ),
            ("timeoutSeconds=1s&limit=x", 400, "strconv.ParseInt: parsing \"1s\": invalid syntax"),
            ("limit=x&labelSelector=,", 400, "strconv.ParseInt: parsing \"x\": invalid syntax"),
            ("labelSelector=,&fieldSelector=x", 400, "found ',', expected: !, identifier, or 'end of string'"),
            (
                "sendInitialEvents=false", 422,
                "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"
            ),
            (
                "watch=1&sendInitialEvents=true", 422,
                "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires "
                    + "setting resourceVersionMatch to NotOlderThan"
            ),
            (
                "resourceVersionMatch=x&resourceVersion=1", 422,
                "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Unsupported value: \"x\": supported values: "
                    + "\"Exact\", \"NotOlderThan\", \"\""
            ),
            (
                "resourceVersionMatch=Exact&resourceVersion=0&continue=c", 422,
                "ListOptions.meta.k8s.io \"\" is invalid: [resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden "
                    + "when continue is provided, resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden "
                    + "for resourceVersion \"0\"]"
            ),
        ] as [(String, Int, String?)])
    func listOptions(query: String, status: Int, message: String?) throws {
        let answer = ask("\(base)/pods", query: query)
        #expect(answer.status == status)
        #expect(try answer.json()["message"]?.text == message)
    }

    @Test("the long gone export parameter is refused on a get")
    func export() {
        #expect(ask("\(base)/nodes/node-0", query: "export=true").status == 400)
        #expect(ask("\(base)/nodes/node-0", query: "export=false").status == 200)
    }

    @Test("plus and percent escapes in a query are blanks and bytes")
    func decoding() throws {
        let answer = ask("\(base)/pods", query: "labelSelector=app+in+(app-1)%2Ctier%3Dt2")
        #expect(try answer.json()["items"]?.items?.count == 1)
    }
}
