// SPDX-License-Identifier: Apache-2.0
import KubeAPI

/// Where the replicas share their CAs, and where they tell the world about them; a protocol so that tests can be both.
protocol AuthorityStore: Sendable {
    /// nil: there is no Secret yet.
    func read() async throws(KubeError) -> Secret?
    /// - Throws: `alreadyExists` when another replica was faster.
    func create(_ data: [String: [UInt8]]) async throws(KubeError)
    /// Writes back a Secret that was read, with other data.
    /// - Throws: `conflict` when it has changed since it was read.
    func update(_ secret: Secret) async throws(KubeError)
    /// Tells peers what to trust; writes only what differs. What fails for one of them is not kept from the others.
    /// - Parameter bundle: PEM.
    /// - Throws: the first failure.
    func publish(bundle: [UInt8]) async throws(KubeError)
}

/// The real one: a Secret for the CAs, a ConfigMap that agents mount, and the `caBundle` of the APIServices.
struct ClusterAuthorityStore: AuthorityStore {
    let client: KubeClient
    let namespace: String
    let secretName: String
    let configMapName: String
    /// The Service that our APIServices lead to.
    let serviceName: String
    let apiServiceNames: [String]

    /// The key of the ConfigMap, and so the name of the file that agents are given.
    static let bundleKey = "ca.crt"

    func read() async throws(KubeError) -> Secret? {
        do throws(KubeError) {
            return try await client.secret(namespace: namespace, name: secretName)
        } catch  where error.code == .notFound {
            return nil
        }
    }

    func create(_ data: [String: [UInt8]]) async throws(KubeError) {
        do throws(KubeError) {
            _ = try await client.createSecret(
                Secret(metadata: ObjectMetadata(namespace: namespace, name: secretName), data: data))
        } catch  where error.code == .forbidden {
            throw KubeError(
                .forbidden,
                "Secret \(namespace)/\(secretName) does not exist, and our role lets us write it but not make it; "
                    + "apply daemonset/ again, which does")
        }
    }

    func update(_ secret: Secret) async throws(KubeError) { _ = try await client.updateSecret(secret) }

    func publish(bundle: [UInt8]) async throws(KubeError) {
        var failure: KubeError?
        do throws(KubeError) {
            try await publishConfigMap(String(decoding: bundle, as: UTF8.self))
        } catch {
            failure = error
        }
        for name in apiServiceNames {
            do throws(KubeError) {
                try await publish(bundle, inAPIService: name)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    private func publish(_ bundle: [UInt8], inAPIService name: String) async throws(KubeError) {
        let service = try await client.apiService(name: name)
        // Verifying another's certificate by our CA would only break it.
        guard let backend = service.service, backend.namespace == namespace, backend.name == serviceName else {
            let owner = service.service.map { "Service \($0.namespace)/\($0.name)" } ?? "the API server itself"
            throw KubeError(
                .invalid,
                "APIService \(name) leads to \(owner), not to \(namespace)/\(serviceName), and is not touched; "
                    + "to take it over apply daemonset/, see \"Moving from metrics-server\"")
        }
        if service.caBundle != bundle { try await client.patchAPIService(name: name, caBundle: bundle) }
    }

    private func publishConfigMap(_ text: String) async throws(KubeError) {
        do throws(KubeError) {
            try await writeConfigMap(text)
        } catch  where error.isLostRace {
            // Most likely another replica wrote the same.
            try await writeConfigMap(text)
        }
    }

    private func writeConfigMap(_ text: String) async throws(KubeError) {
        var map: ConfigMap
        do throws(KubeError) {
            map = try await client.configMap(namespace: namespace, name: configMapName)
        } catch  where error.code == .notFound {
            map = ConfigMap(
                metadata: ObjectMetadata(namespace: namespace, name: configMapName), data: [Self.bundleKey: text])
            _ = try await client.createConfigMap(map)
            return
        }
        if map.data[Self.bundleKey] == text { return }
        map.data[Self.bundleKey] = text
        _ = try await client.updateConfigMap(map)
    }
}

extension KubeError {
    /// Somebody else wrote in between: read again.
    var isLostRace: Bool { code == .alreadyExists || code == .conflict }
}
