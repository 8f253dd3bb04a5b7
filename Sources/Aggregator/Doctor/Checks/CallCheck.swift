// SPDX-License-Identifier: Apache-2.0
import Console
import KubeAPI
import MetricsAPI

/// Has the API server call us as it does for everybody, and judges what comes back: the certificate that it really shows
/// against the names that it really publishes.
enum CallCheck {
    static func run(_ context: DoctorContext) async -> [Finding] {
        var findings: [Finding] = []
        for version in MetricsVersion.allCases.reversed() {
            let path = "/apis/metrics.k8s.io/\(version)"
            findings.append(await call(path, context))
        }
        findings.append(await call("/apis/metrics.k8s.io/v1beta1/nodes", context))
        return findings
    }

    private static func call(_ path: String, _ context: DoctorContext) async -> Finding {
        let subject = "call: \(path.split(separator: "/").dropFirst(2).joined(separator: "/"))"
        do throws(KubeError) {
            let answer = try await context.client.look(at: path, timeout: .seconds(6))
            return judge(subject, status: answer.status, message: answer.message)
        } catch {
            return .failed(
                subject, error, fix: ["the API server waits for the aggregator: see the lines of the APIServices below"]
            )
        }
    }

    static func judge(_ subject: String, status: Int, message: String) -> Finding {
        let found = "HTTP \(status)" + (status == 200 || message.isEmpty ? "" : ": \(message)")
        switch status {
        case 200:
            return .ok(subject, "HTTP 200: the aggregator accepts the API server's front-proxy certificate")
        case 401:
            return .fail(
                subject, "HTTP 401: the aggregator does not accept the certificate that the API server shows",
                fix: FrontProxyAdvice.refused)
        case 403 where message.contains("system:anonymous"):
            return .fail(
                subject, "HTTP 403: the API server shows no certificate, so everybody is anonymous to the aggregator",
                fix: FrontProxyAdvice.absent)
        case 403:
            return .ok(subject, "HTTP 403: our account may not ask for this, as others may")
        case 404:
            return .fail(
                subject, found,
                fix: ["the API server knows no such APIService: kubectl apply -f \(Manifests.apiServices)"])
        case 503:
            return .fail(
                subject, found, fix: ["the API server finds no way to the aggregator: see the APIServices below"])
        case 500 where message.contains("subjectaccessreviews"):
            return .fail(
                subject, "HTTP 500: the aggregator may not ask the API server what users may do",
                fix: [
                    "kubectl apply -f \(Manifests.rights) (ClusterRoleBinding metrics-push-aggregator:auth-delegator)"
                ])
        default: return .fail(subject, found, fix: ["the aggregator's log says more"])
        }
    }
}

/// The versions that we serve, as APIServices.
enum DoctorVersions {
    static var apiServiceNames: [String] { MetricsVersion.allCases.reversed().map(\.apiServiceName) }
}
