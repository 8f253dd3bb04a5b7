// SPDX-License-Identifier: Apache-2.0

import MetricsAPI
import Testing

struct DiscoveryTests {
    static let aggregated = "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    static let kubectl =
        "application/json;\(aggregated),application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"
        + "application/json"

    @Test("v1 is preferred and v1beta1 listed")
    func versions() throws {
        let group = try ask("/apis/metrics.k8s.io").json()
        #expect(group["preferredVersion"]?["groupVersion"]?.text == "metrics.k8s.io/v1")
        #expect(group["versions"]?.items?.compactMap { $0["version"]?.text } == ["v1", "v1beta1"])
        let groups = try ask("/apis").json()
        #expect(groups["groups"]?[0]?["versions"] == group["versions"])
        #expect(groups["groups"]?[0]?["serverAddressByClientCIDRs"] == nil)
        let document = try ask("/apis", accept: Self.kubectl).json()
        #expect(document["apiVersion"]?.text == "apidiscovery.k8s.io/v2")
        #expect(document["items"]?[0]?["versions"]?.items?.compactMap { $0["version"]?.text } == ["v1", "v1beta1"])
    }

    @Test("older clients get the beta document")
    func beta() throws {
        let accept = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
        let answer = ask("/apis", accept: accept)
        #expect(answer.contentType == accept)
        #expect(try answer.json()["apiVersion"]?.text == "apidiscovery.k8s.io/v2beta1")
    }

    @Test("the entity tag spares a client the document it has")
    func entityTag() throws {
        let answer = ask("/apis", accept: Self.kubectl)
        let tag = try #require(answer.header("ETag"))
        #expect(tag.hasPrefix("\"") && tag.hasSuffix("\"") && tag.count == 18)
        #expect(answer.header("Cache-Control") == "public")
        for header in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
            let again = ask("/apis", accept: Self.kubectl, ifNoneMatch: header)
            #expect(again.status == 304)
            #expect(again.bytes.isEmpty)
            #expect(again.header("ETag") == tag)
        }
        #expect(ask("/apis", accept: Self.kubectl, ifNoneMatch: "\"other\"").status == 200)
        let protobuf = ask("/apis", accept: "application/vnd.kubernetes.protobuf;\(Self.aggregated)", ifNoneMatch: tag)
        #expect(protobuf.status == 200)
        #expect(ask("/apis", ifNoneMatch: "*").status == 200)
    }

    @Test("discovery in protobuf and YAML says the same")
    func encodings() throws {
        let protobuf = "application/vnd.kubernetes.protobuf"
        let list = try TestEnvelope(ask(base, accept: protobuf).bytes)
        #expect(list.kind == "APIResourceList")
        #expect(list.object.string(1) == "metrics.k8s.io/v1beta1")
        let resources = try list.object.all(2)
        #expect(resources.map { $0.string(1) } == ["nodes", "pods"])
        #expect(resources.map { $0.integer(2) } == [0, 1])
        #expect(resources.map { $0.string(3) } == ["NodeMetrics", "PodMetrics"])
        #expect(try resources.map { try $0.message(4).strings(1) } == [["get", "list"], ["get", "list"]])

        let groups = try TestEnvelope(ask("/apis", accept: protobuf).bytes).object.message(1)
        let group = try TestEnvelope(ask("/apis/metrics.k8s.io", accept: protobuf).bytes).object
        for group in [groups, group] {
            #expect(group.string(1) == "metrics.k8s.io")
            #expect(try group.all(2).map { $0.string(2) } == ["v1", "v1beta1"])
            #expect(try group.message(3).string(1) == "metrics.k8s.io/v1")
        }

        let answer = ask("/apis", accept: "\(protobuf);\(Self.aggregated)")
        #expect(answer.contentType == "\(protobuf);\(Self.aggregated)")
        let item = try TestEnvelope(answer.bytes).object.message(2)
        #expect(try item.message(1).string(1) == "metrics.k8s.io")
        let versions = try item.all(2)
        #expect(versions.map { $0.string(1) } == ["v1", "v1beta1"])
        #expect(versions.map { $0.string(3) } == ["Current", "Current"])
        let pods = try #require(try versions[1].all(2).last)
        #expect((pods.string(1), pods.string(3), try pods.message(2).string(3)) == ("pods", "Namespaced", "PodMetrics"))
        #expect(pods.strings(5) == ["get", "list"])

        #expect(ask(base, accept: "application/yaml").text.contains("\n- kind: NodeMetrics\n  name: nodes\n"))
    }

    @Test("only the roots have an aggregated document")
    func rootsOnly() {
        #expect(ask("/apis/metrics.k8s.io", accept: "application/json;\(Self.aggregated)").status == 406)
        #expect(ask(base, accept: Self.kubectl).contentType == "application/json")
    }
}
