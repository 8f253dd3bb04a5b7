// SPDX-License-Identifier: Apache-2.0
import Console
import KubeAPI
import TLS

/// Whether both APIServices lead to us, verified, and what the API server thinks of them.
enum APIServiceCheck {
    static func run(_ context: DoctorContext) async -> [Finding] {
        let bundle = try? await context.publishedBundle()
        let addresses =
            (try? await context.client.endpoints(
                namespace: context.namespace, name: context.configuration.serviceName)).map(ReplicasCheck.addresses)
        var findings: [Finding] = []
        for name in DoctorVersions.apiServiceNames {
            do throws(KubeError) {
                let service = try await context.client.apiService(name: name)
                findings += judge(
                    service, name, Expectation(context, bundle: bundle ?? nil, addresses: addresses.map(Set.init)))
            } catch  where error.code == .notFound {
                findings.append(
                    .fail(subject(name), "\(name) does not exist", fix: ["kubectl apply -f \(Manifests.apiServices)"]))
            } catch {
                findings.append(.failed(subject(name), error))
            }
        }
        return findings
    }

    /// Such as `APIService v1beta1`.
    private static func subject(_ name: String) -> String { "APIService \(name.prefix { $0 != "." })" }

    /// How our APIServices should be.
    struct Expectation: Sendable {
        let namespace: String
        let serviceName: String
        /// Published in our ConfigMap, PEM; nil: not known.
        let bundle: [UInt8]?
        /// We publish the CA, and patch it in; otherwise an operator does.
        let isOwnAuthority: Bool
        /// Of the replicas; nil: not known.
        let addresses: Set<String>?
    }

    static func judge(_ service: APIService, _ name: String, _ expected: Expectation) -> [Finding] {
        let subject = subject(name)
        guard let backend = service.service, backend.namespace == expected.namespace,
            backend.name == expected.serviceName
        else {
            let owner = service.service.map { "Service \($0.namespace)/\($0.name)" } ?? "the API server itself"
            return [
                .fail(
                    subject, "leads to \(owner), not to \(expected.namespace)/\(expected.serviceName)",
                    fix: [
                        "take it over: kubectl apply -f \(Manifests.apiServices), and remove what owned it before "
                            + "(metrics-server's own manifest or chart), or the two will fight"
                    ])
            ]
        }
        return [trust(service, subject, expected), availability(service, subject, expected)]
    }

    private static func trust(_ service: APIService, _ subject: String, _ expected: Expectation) -> Finding {
        let subject = "\(subject): trust"
        let patched =
            expected.isOwnAuthority
            ? "the aggregator fills it in within 20 s: is it running, and may it patch apiservices? its log says why not"
            : "put the CA of --tls-cert-file into spec.caBundle"
        if service.insecureSkipTLSVerify {
            return .fail(
                subject, "insecureSkipTLSVerify: anybody on the way can pose as the aggregator",
                fix: ["kubectl apply -f \(Manifests.apiServices)", patched])
        }
        if service.caBundle.isEmpty { return .fail(subject, "caBundle is empty", fix: [patched]) }
        guard expected.isOwnAuthority else { return .ok(subject, "caBundle is set") }
        guard let bundle = expected.bundle else {
            return .warn(
                subject, "caBundle is set, but cannot be compared: our CA is not known", fix: ["see \"our CA\" below"])
        }
        // A chart or GitOps tool that applies an old caBundle over ours is seen here.
        return service.caBundle == bundle
            ? .ok(subject, "verified by our CA")
            : .fail(
                subject, "caBundle is not the CA that is published for agents",
                fix: [patched, "does something else write it, such as cert-manager's injector or a GitOps tool?"])
    }

    private static func availability(_ service: APIService, _ subject: String, _ expected: Expectation) -> Finding {
        let subject = "\(subject): available"
        guard let condition = service.available else {
            return .fail(
                subject, "not said yet",
                fix: ["wait a minute; if it stays so, kube-apiserver runs without its aggregator (see its log)"])
        }
        if condition.status == "True" { return .ok(subject, "yes (\(condition.reason))") }
        return .fail(
            subject, "\(condition.status) (\(condition.reason)): \(condition.message)",
            fix: APIServiceAdvice.fix(
                reason: condition.reason, message: condition.message,
                service: "\(expected.namespace)/\(expected.serviceName)", addresses: expected.addresses))
    }
}

extension APIServiceCheck.Expectation {
    init(_ context: DoctorContext, bundle: [UInt8]?, addresses: Set<String>?) {
        self.init(
            namespace: context.namespace, serviceName: context.configuration.serviceName, bundle: bundle,
            isOwnAuthority: context.configuration.certificateFile == nil, addresses: addresses)
    }
}
