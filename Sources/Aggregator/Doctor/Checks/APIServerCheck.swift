// SPDX-License-Identifier: Apache-2.0
import Console
import Formats
import KubeAPI

/// Whether the API server answers, how old it is, and what time it has.
enum APIServerCheck {
    /// A pod's certificates and tokens are made with this much patience for clocks.
    static let largestDifference: Int64 = 300
    /// From here on it is seen: nodes' samples are stamped anew.
    static let noticeableDifference: Int64 = 10

    static func run(_ context: DoctorContext) async -> [Finding] {
        let before = context.now()
        do throws(KubeError) {
            let answer = try await context.client.look(at: "/version", timeout: .seconds(8))
            return [version(answer, context.server), clock(answer.date, between: before, and: context.now())]
        } catch {
            return [
                .failed(
                    "API server", error,
                    fix: context.isPod
                        ? ["do other pods on this node reach the API server? look at kube-proxy and at NetworkPolicies"]
                        : ["does kubectl reach it with the same --kubeconfig?"])
            ]
        }
    }

    static func version(_ answer: KubeAnswer, _ server: String) -> Finding {
        guard answer.status == 200, let text = JSONValue(parsing: answer.body)?["gitVersion"]?.text else {
            return judged(answer, server)
        }
        return version(text, server)
    }

    private static func judged(_ answer: KubeAnswer, _ server: String) -> Finding {
        let found = "\(server) answers /version with HTTP \(answer.status): \(answer.message)"
        return switch answer.status {
        case 401:
            .fail(
                "API server", found,
                fix: ["our credentials are not accepted: expired, or of another cluster?"])
        case 403:
            .warn(
                "API server", found, fix: ["its version is not known; the ClusterRole system:discovery lets us see it"])
        default:
            .fail("API server", found, fix: ["does something else than an API server answer there, such as a proxy?"])
        }
    }

    static func version(_ text: String, _ server: String) -> Finding {
        let subject = "API server"
        guard let version = ServerVersion(text) else { return .ok(subject, "\(server), version \(text)") }
        if version < .oldest {
            return .warn(
                subject, "\(server), \(text)",
                fix: ["older than v1.20, the oldest that metrics-push is tested with; upgrade the cluster"])
        }
        if version < .nodeClaims {
            return .ok(
                subject,
                "\(server), \(text); before v1.30 tokens name no node, so each agent's pod is looked up instead")
        }
        return .ok(subject, "\(server), \(text)")
    }

    /// - Parameters:
    ///   - date: of the answer's header, in whole seconds.
    ///   - before: our time when we asked, and `after` when we had the answer. Unix time in seconds.
    static func clock(_ date: String?, between before: Int64, and after: Int64) -> Finding {
        guard let date, let theirs = HTTPDate.unixSeconds(date) else {
            return .warn("clock", "the API server does not say what time it has", fix: [])
        }
        let (ahead, behind) = (theirs - after, before - theirs)
        let difference = max(0, ahead, behind)
        let found = "\(difference) s \(ahead > 0 ? "behind" : "ahead of") the API server's"
        let fix = ["synchronise the clocks of this node and of the control plane (chrony, systemd-timesyncd)"]
        // The header has whole seconds.
        if difference <= 1 { return .ok("clock", "agrees with the API server's") }
        if difference > largestDifference { return .fail("clock", found, fix: fix) }
        return difference > noticeableDifference ? .warn("clock", found, fix: fix) : .ok("clock", found)
    }
}
