// SPDX-License-Identifier: Apache-2.0
import KubeTestSupport
import NIOCore
import NIOPosix
import Synchronization
import TLSTestSupport
import Testing

@testable import KubeAPI

@Suite("Client")
struct ClientTests {
    static let path = "/api/v1/namespaces/ns/configmaps/c"

    static func configMap(_ version: String = "7") -> FakeAPIServer.Reply {
        .protobuf(
            KubeProto.envelope(
                "v1", "ConfigMap",
                KubeProto.configMap(KubeProto.metadata("c", namespace: "ns", version: version), ["k": "v"])))
    }

    @Test("a request says who asks, what it takes, and where it goes")
    func request() async throws {
        let cluster = try await TestCluster()
        cluster.server.on("GET \(Self.path)") { _ in Self.configMap() }
        let answer = try await cluster.client.configMap(namespace: "ns", name: "c")
        #expect(answer.data == ["k": "v"])
        #expect(answer.metadata.resourceVersion == "7")
        let request = try #require(cluster.server.requests.first)
        #expect(request.token == "token-1")
        #expect(request.headers["accept"] == "application/vnd.kubernetes.protobuf")
        #expect(request.headers["user-agent"] == "metrics-push-tests/1")
        #expect(request.headers["host"] == "127.0.0.1:\(cluster.server.port)")
        await cluster.close()
    }

    @Test("connections are used again, a few at a time")
    func pool() async throws {
        let cluster = try await TestCluster()
        cluster.server.on("GET \(Self.path)") { _ in Self.configMap() }
        for _ in 0..<5 { _ = try await cluster.client.configMap(namespace: "ns", name: "c") }
        #expect(cluster.server.connectionCount == 1)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<60 {
                group.addTask {
                    let error = await kubeError { try await cluster.client.configMap(namespace: "ns", name: "c") }
                    #expect(error == nil)
                }
            }
        }
        #expect(cluster.server.connectionCount <= KubeLimits.connections)
        #expect(cluster.server.requests.count == 65)
        await cluster.close()
    }

    @Test(
        "errors keep the server's words and say what was asked",
        arguments: [
            (401, "Unauthorized", KubeError.Code.unauthorized), (403, "Forbidden", .forbidden),
            (404, "NotFound", .notFound), (409, "AlreadyExists", .alreadyExists), (409, "Conflict", .conflict),
            (410, "Expired", .gone), (422, "Invalid", .invalid), (429, "TooManyRequests", .tooManyRequests),
            (500, "InternalError", .serverError), (504, "Timeout", .serverError), (413, "TooLarge", .tooLarge),
        ])
    func errors(status: Int, reason: String, code: KubeError.Code) async throws {
        let cluster = try await TestCluster()
        cluster.server.on("GET \(Self.path)") { _ in .status(status, reason, "these words") }
        let error = try #require(await kubeError { try await cluster.client.configMap(namespace: "ns", name: "c") })
        #expect(error.code == code)
        #expect(error.message.contains("GET \(cluster.server.url)\(Self.path): these words"))
        await cluster.close()
    }

    @Test("answers that no API server gives", arguments: [200, 400, 502])
    func foreign(status: Int) async throws {
        let cluster = try await TestCluster()
        cluster.server.on("GET \(Self.path)") { _ in
            .answer(status: status, contentType: "text/html", headers: [:], body: Array("<html>hello</html>".utf8))
        }
        let error = try #require(await kubeError { try await cluster.client.configMap(namespace: "ns", name: "c") })
        #expect(error.code == (status == 502 ? .serverError : .badAnswer))
        #expect(error.message.contains("text/html") && error.message.contains("proxy"))
        await cluster.close()
    }

    @Test("garbage with the right content type, and an object of another kind")
    func garbage() async throws {
        let cluster = try await TestCluster()
        let bodies = [[], [1, 2, 3], KubeProto.envelope("v1", "Secret", KubeProto())]
        for body in bodies {
            cluster.server.on("GET \(Self.path)") { _ in .protobuf(body) }
            let error = await kubeError { try await cluster.client.configMap(namespace: "ns", name: "c") }
            #expect(error?.code == .badAnswer)
        }
        await cluster.close()
    }

    @Test("an answer beyond its cap is not gathered")
    func tooLarge() async throws {
        let cluster = try await TestCluster()
        cluster.server.on("GET \(Self.path)") { _ in
            .protobuf([UInt8](repeating: 0, count: KubeLimits.object + 1))
        }
        let declared = await kubeError { try await cluster.client.configMap(namespace: "ns", name: "c") }
        #expect(declared?.code == .tooLarge)
        cluster.server.on("GET \(Self.path)") { _ in
            .stream(contentType: KubeProto.mediaType) { stream in
                for _ in 0..<5 { stream.send([UInt8](repeating: 0, count: 1 << 20)) }
            }
        }
        let counted = await kubeError { try await cluster.client.configMap(namespace: "ns", name: "c") }
        #expect(counted?.code == .tooLarge)
        await cluster.close()
    }

    @Test("429 and 503 with a Retry-After are waited out; without one they are the answer")
    func retryAfter() async throws {
        let cluster = try await TestCluster()
        let count = Mutex(0)
        cluster.server.on("GET \(Self.path)") { _ in
            let attempt = count.withLock { count in
                count += 1
                return count
            }
            if attempt > 2 { return Self.configMap() }
            return .status(attempt == 1 ? 429 : 503, "TooManyRequests", "slow down", headers: ["retry-after": "0"])
        }
        _ = try await cluster.client.configMap(namespace: "ns", name: "c")
        #expect(cluster.server.requests.count == 3)
        cluster.server.on("GET \(Self.path)") { _ in .status(503, "ServiceUnavailable", "away") }
        #expect(
            await kubeError { try await cluster.client.configMap(namespace: "ns", name: "c") }?.code == .serverError)
        #expect(cluster.server.requests.count == 4)
        cluster.server.on("GET \(Self.path)") { _ in
            .status(429, "TooManyRequests", "slow down", headers: ["retry-after": "100"])
        }
        let error = await kubeError { try await cluster.client.configMap(namespace: "ns", name: "c") }
        #expect(error?.code == .tooManyRequests && error?.retryAfter == .seconds(100))
        #expect(cluster.server.requests.count == 5)
        await cluster.close()
    }

    @Test("a connection that died while it was idle costs nothing but another one")
    func stale() async throws {
        let cluster = try await TestCluster()
        cluster.server.on("GET \(Self.path)") { _ in Self.configMap() }
        for _ in 0..<3 {
            _ = try await cluster.client.configMap(namespace: "ns", name: "c")
            await cluster.server.cutConnections()
        }
        _ = try await cluster.client.configMap(namespace: "ns", name: "c")
        // The server reads the request and hangs up: on a connection that was idle that may be chance.
        let count = Mutex(0)
        cluster.server.on("GET \(Self.path)") { _ in
            count.withLock { count in
                count += 1
                return count == 1 ? .hangUp : Self.configMap()
            }
        }
        _ = try await cluster.client.configMap(namespace: "ns", name: "c")
        #expect(count.withLock { $0 } == 2)
        await cluster.close()
    }

    @Test("a write that may have arrived is not sent again")
    func notTwice() async throws {
        let cluster = try await TestCluster()
        cluster.server.on("GET \(Self.path)") { _ in Self.configMap() }
        cluster.server.on("PUT \(Self.path)") { _ in .hangUp }
        let read = try await cluster.client.configMap(namespace: "ns", name: "c")
        #expect(await kubeError { try await cluster.client.updateConfigMap(read) }?.code == .unreachable)
        #expect(cluster.server.requests.filter { $0.method == "PUT" }.count == 1)
        await cluster.close()
    }

    @Test("a server that does not answer, does not listen, or is not there ends in time")
    func unreachable() async throws {
        let cluster = try await TestCluster()
        cluster.server.on("POST /apis/authentication.k8s.io/v1/tokenreviews") { _ in .silence }
        let silence = await kubeError {
            try await cluster.client.reviewToken("t", audiences: [], timeout: .milliseconds(200))
        }
        #expect(silence?.code == .timedOut)
        await cluster.server.stop()
        let refused = await kubeError { try await cluster.client.configMap(namespace: "ns", name: "c") }
        #expect(refused?.code == .unreachable)
        #expect(refused?.message.contains("127.0.0.1:\(cluster.server.port)") == true)
        try await cluster.server.start()
        cluster.server.on("GET \(Self.path)") { _ in Self.configMap() }
        _ = try await cluster.client.configMap(namespace: "ns", name: "c")
        await cluster.close()
    }

    @Test("requests in line keep their deadlines and their order, and the line its bound")
    func line() async throws {
        let slots = RequestSlots(count: 1, longestLine: 2)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        @Sendable func enter(_ deadline: NIODeadline) async -> KubeError.Code? {
            do throws(ExchangeFailure) {
                try await slots.acquire(until: deadline, on: loop)
                return nil
            } catch {
                return error.error.code
            }
        }
        #expect(await enter(.distantFuture) == nil)
        #expect(await enter(.now()) == .timedOut)
        let cancelled = Task { await enter(.distantFuture) }
        let waiting = Task { await enter(.distantFuture) }
        await eventually { slots.waiting == 2 }
        #expect(await enter(.distantFuture) == .tooManyRequests)
        cancelled.cancel()
        #expect(await cancelled.value == .cancelled)
        slots.release()
        #expect(await waiting.value == nil)
        let last = Task { await enter(.distantFuture) }
        try await Task.sleep(for: .milliseconds(20))
        slots.close()
        #expect(await last.value == .cancelled)
        #expect(await enter(.distantFuture) == .cancelled)
    }

    @Test("cancelling ends a request, and shutting down ends all")
    func cancel() async throws {
        let cluster = try await TestCluster()
        cluster.server.on("GET \(Self.path)") { _ in .silence }
        let first = Task { await kubeError { try await cluster.client.configMap(namespace: "ns", name: "c") }?.code }
        await eventually { cluster.server.requests.count == 1 }
        first.cancel()
        #expect(await first.value == .cancelled)
        let second = Task { await kubeError { try await cluster.client.configMap(namespace: "ns", name: "c") }?.code }
        await eventually { cluster.server.requests.count == 2 }
        await cluster.client.shutdown()
        #expect(await second.value == .cancelled)
        #expect(await kubeError { try await cluster.client.configMap(namespace: "ns", name: "c") }?.code == .cancelled)
        await cluster.close()
    }
}
