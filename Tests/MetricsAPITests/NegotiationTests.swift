// SPDX-License-Identifier: Apache-2.0
import Formats
import Testing

@testable import MetricsAPI

struct NegotiationTests {
    static let table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    static let kubectlGet =
        "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
    static let metadata = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

    @Test(
        "a list comes in the first format that both sides know",
        arguments: [
            (nil, "application/json", "PodMetricsList"), ("", "application/json", "PodMetricsList"),
            ("*/*", "application/json", "PodMetricsList"), ("*", "application/json", "PodMetricsList"),
            ("application/*", "application/json", "PodMetricsList"),
            ("APPLICATION/JSON", "application/json", "PodMetricsList"),
            (" application/json ; charset=utf-8 ", "application/json", "PodMetricsList"),
            ("text/html, application/json", "application/json", "PodMetricsList"),
            ("text/html,*/*;q=0.8", "application/json", "PodMetricsList"),
            ("application/yaml", "application/yaml", nil),
            ("application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf", nil),
            ("application/vnd.kubernetes.protobuf, */*", "application/vnd.kubernetes.protobuf", nil),
            ("*/*, application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf", nil),
            ("application/vnd.kubernetes.protobuf,application/json", "application/vnd.kubernetes.protobuf", nil),
            (
                "application/json;q=0.5,application/vnd.kubernetes.protobuf;q=0.9",
                "application/vnd.kubernetes.protobuf", nil
            ),
            ("application/json;q=0,application/yaml;q=0.001", "application/yaml", nil),
            ("application/cbor,application/json", "application/json", "PodMetricsList"),
            (kubectlGet, "application/json", "Table"), (table, "application/json", "Table"),
            ("application/json;as=Table;g=meta.k8s.io;v=v2,application/json", "application/json", "PodMetricsList"),
            ("application/json;as=Nope;g=meta.k8s.io;v=v1,*/*", "application/json", "PodMetricsList"),
            // A Table has no protobuf form: the next alternative.
            (
                "application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1,application/json", "application/json",
                "PodMetricsList"
            ),
            (metadata, "application/json", "PartialObjectMetadataList"),
            ("application/json;as=\"Table\";v=v1;g=meta.k8s.io", "application/json", "Table"),
            ("application/json;stream=watch,application/json", "application/json", "PodMetricsList"),
            ("a, /, //, ;;, application/json", "application/json", "PodMetricsList"),
        ] as [(String?, String, String?)])
    func formats(accept: String?, contentType: String, kind: String?) throws {
        let answer = ask("\(base)/pods", accept: accept)
        #expect(answer.status == 200)
        #expect(answer.contentType == contentType)
        if let kind { #expect(try answer.json()["kind"] == .string(kind)) }
    }

    static let router =
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
        + "application/vnd.kubernetes.protobuf"
    static let only =
        "only the following media types are accepted: application/json, application/yaml, "
        + "application/vnd.kubernetes.protobuf"

    @Test(
        "what cannot be had is refused with 406, in JSON",
        arguments: [
            (
                "pods", "text/html",
                router + ", application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch", true
            ),
            ("nodes/node-0", "text/html", router, true), ("nodes/node-0", "garbage", router, true),
            ("pods", "application/json;q=0", only, false),
            ("pods", "application/json;as=Nope;g=meta.k8s.io;v=v1", only, false),
            ("pods", "application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1", only, false),
            (
                "pods", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
                "you requested PartialObjectMetadata, but the requested object is a list (*metrics.PodMetricsList)",
                false
            ),
            (
                "nodes/node-0", metadata,
                "you requested PartialObjectMetadataList, but the requested object is not a list (*metrics.NodeMetrics)",
                false
            ),
        ])
    func refused(path: String, accept: String, message: String, hasDetails: Bool) throws {
        let answer = ask("\(base)/\(path)", accept: accept)
        #expect(answer.status == 406)
        #expect(answer.contentType == "application/json")
        let json = try answer.json()
        #expect(json["message"] == .string(message))
        #expect(json["reason"] == .string("NotAcceptable"))
        #expect((json["details"] != nil) == hasDetails)
    }

    @Test("an error about a protobuf request is a protobuf Status with all its fields")
    func protobufStatus() throws {
        let answer = ask("\(base)/namespaces/ns-1/pods/nope", accept: "application/vnd.kubernetes.protobuf, */*")
        #expect(answer.status == 404)
        let envelope = try TestEnvelope(answer.bytes)
        #expect((envelope.apiVersion, envelope.kind) == ("v1", "Status"))
        #expect(envelope.object.string(2) == "Failure")
        #expect(envelope.object.string(3) == "pods \"nope\" not found")
        #expect(envelope.object.string(4) == "NotFound")
        #expect(envelope.object.integer(6) == 404)
        let details = try envelope.object.message(5)
        #expect((details.string(1), details.string(2), details.string(3)) == ("nope", "", "pods"))

        let invalid = ask(
            "\(base)/pods", query: "resourceVersionMatch=Exact", accept: "application/vnd.kubernetes.protobuf")
        let causes = try TestEnvelope(invalid.bytes).object.message(5).all(4)
        #expect(causes.map { $0.string(3) } == ["resourceVersionMatch"])
        #expect(causes.map { $0.string(1) } == ["FieldValueForbidden"])
    }

    @Test(
        "people get indented JSON, programs do not",
        arguments: [
            (nil, nil, nil, false), ("pretty=true", nil, nil, true), ("pretty=1", nil, nil, true),
            ("pretty=yes", nil, nil, false), ("pretty=", "curl/8.0", nil, true),
            ("pretty=false", "curl/8.0", nil, false),
            (nil, "curl/8.0", nil, true), (nil, "Wget/1.2", nil, true), (nil, "Mozilla/5.0 (X11)", nil, true),
            (nil, "kubectl/v1.32", nil, false), (nil, nil, "application/json;pretty=1", true),
        ] as [(String?, String?, String?, Bool)])
    func pretty(query: String?, agent: String?, accept: String?, indented: Bool) throws {
        for path in ["\(base)/pods", "\(base)/nodes/node-0", "\(base)/nodes/nope", base] {
            let answer = ask(path, query: query, accept: accept, agent: agent)
            let plain = ask(path, accept: "application/json")
            let isError = answer.status != 200 && accept != nil
            if !isError { #expect(answer.text.contains("\n  \"kind\"") == indented, "\(path)") }
            #expect(try answer.json() == plain.json())
            #expect(plain.text.hasSuffix("\n") && plain.text.split(separator: "\n").count == 1)
        }
    }

    @Test("YAML and protobuf are not affected by a wish for indentation")
    func prettyYAML() {
        let plain = ask("\(base)/pods", accept: "application/yaml")
        #expect(ask("\(base)/pods", query: "pretty=true", accept: "application/yaml").bytes == plain.bytes)
        #expect(plain.text.hasPrefix("apiVersion: metrics.k8s.io/v1beta1\nitems:\n- containers:\n  - name: c0\n"))
    }

    @Test(
        "weights are read leniently",
        arguments: [
            ("a/b;q=1", 1000), ("a/b;q=0.5", 500), ("a/b;q=0.123456", 123), ("a/b;q=.5", 500), ("a/b;q=0", 0),
            ("a/b;q=0.0", 0), ("a/b;q=x", 1000), ("a/b;q=", 1000), ("a/b;q=7", 1000), ("a/b; Q=0.25", 250),
            ("a/b;q", 1000),
        ])
    func weights(header: String, quality: Int) {
        #expect(AcceptClause.parse(header).first?.quality == quality)
    }

    @Test(
        "YAML quotes what would change its type",
        arguments: [
            ("app-1", "app-1"), ("0", "\"0\""), ("250m", "250m"), ("5d8c7b6f9", "5d8c7b6f9"), ("1e3", "\"1e3\""),
            ("12e34", "\"12e34\""), ("true", "\"true\""), ("No", "\"No\""), ("null", "\"null\""), ("~", "\"~\""),
            ("0x1f", "\"0x1f\""), ("1_000", "\"1_000\""), ("12:30:45", "\"12:30:45\""),
            ("2024-01-01", "\"2024-01-01\""),
            ("-1", "\"-1\""), ("-a", "-a"), ("- a", "'- a'"), ("a: b", "'a: b'"), ("a:b", "a:b"), ("a #b", "'a #b'"),
            ("a:", "'a:'"), ("*a", "'*a'"), ("it's", "it's"), ("'a'", "'''a'''"), ("a\nb", "\"a\\nb\""), ("", "\"\""),
            ("1.5", "\"1.5\""), (".5", "\".5\""), (".inf", "\".inf\""), ("v1.2", "v1.2"), ("14520Ki", "14520Ki"),
            ("pods \"x\" not found", "pods \"x\" not found"),
        ])
    func yaml(text: String, yaml: String) {
        var out = ByteWriter()
        JSONValue.members(("key", .string(text))).writeYAML(to: &out)
        #expect(String(decoding: out.bytes, as: UTF8.self) == "key: \(yaml)\n")
    }
}
