// SPDX-License-Identifier: Apache-2.0

import MetricsAPI
import Testing

struct RoutingTests {
    static func resource(
        _ verb: String, _ path: String, _ resource: String, subresource: String? = nil, in namespace: String? = nil,
        named name: String? = nil, version: String = "v1beta1", group: String = "metrics.k8s.io"
    ) -> RequestAttributes {
        RequestAttributes(
            verb: verb, path: path, apiGroup: group, version: version, resource: resource, subresource: subresource,
            namespace: namespace, name: name)
    }

    @Test(
        "what to authorize follows from method, path and query",
        arguments: [
            ("GET", "\(base)/nodes", nil, resource("list", "\(base)/nodes", "nodes")),
            ("HEAD", "\(base)/nodes", nil, resource("list", "\(base)/nodes", "nodes")),
            ("GET", "\(base)/nodes/", nil, resource("list", "\(base)/nodes/", "nodes")),
            ("GET", "\(base)/nodes", "watch=true", resource("watch", "\(base)/nodes", "nodes")),
            ("GET", "\(base)/nodes", "watch=1&limit=x", resource("watch", "\(base)/nodes", "nodes")),
            ("GET", "\(base)/nodes", "watch=false&limit=x", resource("list", "\(base)/nodes", "nodes")),
            ("GET", "\(base)/nodes", "labelSelector=,", resource("list", "\(base)/nodes", "nodes")),
            (
                "GET", "\(base)/nodes", "fieldSelector=metadata.name%3Dn1",
                resource("list", "\(base)/nodes", "nodes", named: "n1")
            ),
            (
                "GET", "\(base)/nodes", "fieldSelector=metadata.name%3D..",
                resource("list", "\(base)/nodes", "nodes")
            ),
            ("GET", "\(base)/nodes/n%31", nil, resource("get", "\(base)/nodes/n1", "nodes", named: "n1")),
            (
                "GET", "\(base)/nodes/n1/status", nil,
                resource("get", "\(base)/nodes/n1/status", "nodes", subresource: "status", named: "n1")
            ),
            ("POST", "\(base)/nodes", nil, resource("create", "\(base)/nodes", "nodes")),
            ("DELETE", "\(base)/nodes", nil, resource("deletecollection", "\(base)/nodes", "nodes")),
            ("DELETE", "\(base)/nodes/n", nil, resource("delete", "\(base)/nodes/n", "nodes", named: "n")),
            ("PUT", "\(base)/nodes/n", nil, resource("update", "\(base)/nodes/n", "nodes", named: "n")),
            ("PATCH", "\(base)/nodes/n", nil, resource("patch", "\(base)/nodes/n", "nodes", named: "n")),
            ("BREW", "\(base)/nodes/n", nil, resource("", "\(base)/nodes/n", "nodes", named: "n")),
            ("GET", "\(base)/namespaces/a/pods", nil, resource("list", "\(base)/namespaces/a/pods", "pods", in: "a")),
            (
                "GET", "\(base)/namespaces/a/pods/p", nil,
                resource("get", "\(base)/namespaces/a/pods/p", "pods", in: "a", named: "p")
            ),
            ("GET", "\(base)/watch/nodes", nil, resource("watch", "\(base)/watch/nodes", "nodes")),
            ("GET", "/api/v1/nodes", nil, resource("list", "/api/v1/nodes", "nodes", version: "v1", group: "")),
            (
                "GET", "/api/v1/namespaces/a", nil,
                resource("get", "/api/v1/namespaces/a", "namespaces", in: "a", named: "a", version: "v1", group: "")
            ),
            ("GET", "/apis", nil, RequestAttributes(verb: "get", path: "/apis")),
            ("GET", base, nil, RequestAttributes(verb: "get", path: base)),
            ("GET", "/", nil, RequestAttributes(verb: "get", path: "/")),
            ("GET", "", nil, RequestAttributes(verb: "get", path: "")),
            ("POST", "/metrics", nil, RequestAttributes(verb: "post", path: "/metrics")),
            ("GET", "/api/v1", nil, RequestAttributes(verb: "get", path: "/api/v1")),
            ("GET", "/a/%zz/c/d/e", nil, RequestAttributes(verb: "get", path: "/a/%zz/c/d/e")),
        ] as [(String, String, String?, RequestAttributes)])
    func attributes(method: String, path: String, query: String?, expected: RequestAttributes) {
        let request = APIRequest(method: method, path: path, query: query)
        #expect(MetricsAPIHandler.attributes(of: request) == expected)
        #expect(expected.isResourceRequest == (expected.resource != nil))
    }

    @Test("what is authorized is what is answered: an escaped slash cannot smuggle a name past the authorizer")
    func escapedSlash() throws {
        let request = APIRequest(method: "GET", path: "\(base)/namespaces/ns-1%2Fpods")
        let attributes = MetricsAPIHandler.attributes(of: request)
        #expect((attributes.verb, attributes.resource, attributes.namespace) == ("list", "pods", "ns-1"))
        #expect(try ask("\(base)/namespaces/ns-1%2Fpods").json()["items"]?.items?.count == 3)
    }

    @Test(
        "paths lead where they should",
        arguments: [
            ("/apis", 200), ("/apis/", 200), ("/apis/metrics.k8s.io", 200), ("/apis/metrics.k8s.io/", 200),
            (base, 200), ("\(base)/", 200), ("\(base)/nodes/", 200), ("\(base)/namespaces/ns-1/pods/", 200),
            ("/apis/metrics.k8s.io/v2", 404), ("\(base)/pods/x", 404), ("\(base)/nodes/node-0/status", 404),
            ("\(base)/namespaces", 404), ("\(base)/namespaces/ns-1", 404), ("\(base)/namespaces//pods", 404),
            ("\(base)//nodes", 404), ("\(base)/namespaces/ns-1/pods/a/b", 404), ("\(base)/watch/nodes", 404),
            ("/apis/other.group", 404), ("/apis/metrics.k8s.iox", 404), ("/api", 404), ("/apisx", 404), ("", 200),
            ("/version", 200), ("/version/", 200), ("//", 200),
        ])
    func paths(path: String, status: Int) {
        #expect(ask(path).status == status)
    }

    @Test(
        "only GET is served, and HEAD gets no body",
        arguments: ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "", "get"])
    func methods(method: String) throws {
        for path in ["/apis", base, "\(base)/nodes", "/version"] {
            let answer = ask(path, method: method)
            #expect(answer.status == 405)
            #expect(answer.bytes.isEmpty == (method == "HEAD"))
        }
        #expect(ask("/nope", method: method).status == 404)
    }

    @Test("refusals before the handler are Status objects too")
    func refusals() throws {
        let handler = MetricsAPIHandler(versionInfo: testVersion)
        let busy = handler.tooManyRequests(retryAfterSeconds: 3)
        #expect(busy.status == 429)
        #expect(busy.header("retry-after") == "3")
        #expect(try busy.json()["details"]?["retryAfterSeconds"] == .number("3"))
        let broken = handler.internalError("boom", accept: "application/yaml")
        #expect(broken.status == 500)
        #expect(broken.contentType == "application/yaml")
        #expect(broken.text.contains("message: 'Internal error occurred: boom'\n"))
        #expect(handler.serviceUnavailable("later").status == 503)
        #expect(handler.unsupportedMediaType().status == 415)
        let large = handler.requestEntityTooLarge(limitBytes: 10, accept: nil)
        #expect(large.status == 413)
        #expect(try large.json()["message"] == .string("Request entity too large: limit is 10"))
        let unauthorized = handler.unauthorized(accept: "application/vnd.kubernetes.protobuf")
        #expect(try TestEnvelope(unauthorized.bytes).object.string(4) == "Unauthorized")
    }

    @Test("a refusal names subresource and reason, and is safe for browsers")
    func forbidden() throws {
        let handler = MetricsAPIHandler(versionInfo: testVersion)
        let attributes = Self.resource("get", "", "pods", subresource: "log", in: "<n>", named: "p")
        let answer = handler.forbidden(attributes, user: "a&b", reason: "no <rule>", accept: nil)
        #expect(
            try answer.json()["message"]?.text
                == "pods.metrics.k8s.io \"p\" is forbidden: User \"a&amp;b\" cannot get resource \"pods/log\" in API group "
                + "\"metrics.k8s.io\" in the namespace \"&lt;n&gt;\": no <rule>")
        #expect(answer.header("X-Content-Type-Options") == "nosniff")
    }
}
