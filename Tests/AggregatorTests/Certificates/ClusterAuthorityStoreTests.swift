// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import KubeTestSupport
import Testing

@testable import Aggregator

@Suite("The replicas' CAs in a cluster")
struct ClusterAuthorityStoreTests {
    private static let names = ["v1beta1.metrics.k8s.io", "v1.metrics.k8s.io"]
    private let bundle = Array("-----BEGIN CERTIFICATE-----\n".utf8)

    private func run(_ body: (FakeCluster, ClusterAuthorityStore) async throws -> Void) async throws {
        let cluster = try await FakeCluster()
        let store = ClusterAuthorityStore(
            client: cluster.client, namespace: FakeCluster.namespace, secretName: "metrics-push-ca",
            configMapName: "metrics-push-ca", serviceName: "metrics-push", apiServiceNames: Self.names)
        let result = await Result { () async throws in try await body(cluster, store) }
        await cluster.close()
        try result.get()
    }

    private func failure(_ store: ClusterAuthorityStore) async -> KubeError? {
        do {
            try await store.publish(bundle: bundle)
            return nil
        } catch {
            return error
        }
    }

    @Test("a Secret is made once, and comes back as it was written")
    func secret() async throws {
        try await run { cluster, store in
            #expect(try await store.read() == nil)
            try await store.create(["ca.crt": [1, 2], "ca.key": [0, 255]])
            #expect(try await store.read()?.data == ["ca.crt": [1, 2], "ca.key": [0, 255]])
            await #expect(throws: KubeError(.alreadyExists, "")) { try await store.create([:]) }
        }
    }

    @Test("who has not read the newest Secret does not write it, and what else is in it stays")
    func stale() async throws {
        try await run { cluster, store in
            cluster.secret.put(["ca.crt": [1]], labels: ["app": "metrics-push"])
            var first = try #require(try await store.read())
            var second = try #require(try await store.read())
            first.data = ["ca.crt": [2]]
            second.data = ["ca.crt": [3]]
            try await store.update(first)
            let late = second
            await #expect(throws: KubeError(.conflict, "")) { try await store.update(late) }
            #expect(cluster.secret.data == ["ca.crt": [2]])
            #expect(cluster.secret.labels == ["app": Array("metrics-push".utf8)])
        }
    }

    @Test("peers are told once: nothing is written that does not differ")
    func publish() async throws {
        try await run { cluster, store in
            for _ in 0..<3 { try await store.publish(bundle: bundle) }
            #expect(cluster.configMap.data == ["ca.crt": bundle])
            #expect(cluster.configMap.writes == ["POST"])
            #expect(Self.names.map { cluster.bundle(ofAPIService: $0) } == [bundle, bundle])
            #expect(cluster.patches == 2)
            try await store.publish(bundle: bundle + bundle)
            #expect(cluster.configMap.data == ["ca.crt": bundle + bundle])
            #expect(cluster.configMap.writes == ["POST", "PUT"])
            #expect(cluster.patches == 4)
        }
    }

    @Test("what else is in the ConfigMap stays")
    func otherKeys() async throws {
        try await run { cluster, store in
            cluster.configMap.put(["note": Array("ours".utf8)], labels: ["app": "metrics-push"])
            try await store.publish(bundle: bundle)
            #expect(cluster.configMap.data == ["note": Array("ours".utf8), "ca.crt": bundle])
            #expect(cluster.configMap.labels == ["app": Array("metrics-push".utf8)])
        }
    }

    @Test("two replicas that publish at once are no trouble to each other")
    func race() async throws {
        try await run { cluster, store in
            for round in 1...5 {
                let bundle = Array(repeating: UInt8(ascii: "a"), count: round)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<2 { group.addTask { try await store.publish(bundle: bundle) } }
                    try await group.waitForAll()
                }
                #expect(cluster.configMap.data == ["ca.crt": bundle])
            }
        }
    }

    @Test("an APIService that leads to another Service is not touched, and that is said; the others are patched")
    func foreignAPIService() async throws {
        try await run { cluster, store in
            cluster.setAPIService(Self.names[0], service: "metrics-server")
            let error = try #require(await failure(store))
            #expect(error.message.contains("\(Self.names[0]) leads to Service kube-system/metrics-server"))
            #expect(error.message.contains("Moving from metrics-server"))
            #expect(cluster.bundle(ofAPIService: Self.names[0]) == [])
            #expect(cluster.bundle(ofAPIService: Self.names[1]) == bundle)
            #expect(cluster.configMap.data == ["ca.crt": bundle])
        }
    }

    @Test("an APIService that does not exist keeps nothing from the other")
    func missingAPIService() async throws {
        try await run { cluster, store in
            cluster.setAPIService(Self.names[0], service: nil)
            #expect(await failure(store)?.code == .notFound)
            #expect(cluster.bundle(ofAPIService: Self.names[1]) == bundle)
        }
    }

    @Test("what may not be written is named, and keeps nothing from the others")
    func forbidden() async throws {
        try await run { cluster, store in
            let collection = "/api/v1/namespaces/kube-system/configmaps"
            cluster.server.on("POST \(collection)") { _ in
                .status(403, "Forbidden", "User \"metrics-push\" cannot create resource \"configmaps\"")
            }
            let error = try #require(await failure(store))
            #expect(error.code == .forbidden)
            #expect(error.message.contains("cannot create resource \"configmaps\""))
            #expect(Self.names.map { cluster.bundle(ofAPIService: $0) } == [bundle, bundle])
        }
    }
}
