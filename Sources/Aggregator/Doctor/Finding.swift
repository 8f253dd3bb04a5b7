// SPDX-License-Identifier: Apache-2.0
import KubeAPI

/// One line of the doctor's report.
struct Finding: Equatable, Sendable {
    enum Verdict: String, Sendable {
        case ok
        /// Works, or cannot be seen from here; worth a look.
        case warn
        case fail = "FAIL"
    }

    let verdict: Verdict
    /// What was looked at.
    let subject: String
    let found: String
    /// What to do about it, a sentence each; empty when all is well.
    let fix: [String]

    static func ok(_ subject: String, _ found: String) -> Finding {
        Finding(verdict: .ok, subject: subject, found: found, fix: [])
    }

    static func warn(_ subject: String, _ found: String, fix: [String]) -> Finding {
        Finding(verdict: .warn, subject: subject, found: found, fix: fix)
    }

    static func fail(_ subject: String, _ found: String, fix: [String]) -> Finding {
        Finding(verdict: .fail, subject: subject, found: found, fix: fix)
    }

    /// A request that did not succeed. A right that is missing has a line of its own, which fails if the aggregator needs it.
    static func failed(_ subject: String, _ error: KubeError, fix: [String] = []) -> Finding {
        if error.code == .forbidden {
            return warn(
                subject, "our account may not look at it", fix: ["grant it: kubectl apply -f \(Manifests.rights)"])
        }
        return fail(subject, error.message, fix: fix)
    }
}

/// Where what is missing is found.
enum Manifests {
    static let all = "kubectl apply -k daemonset/"
    static let rights = "daemonset/base/aggregator-rbac.yaml"
    static let apiServices = "daemonset/base/apiservices.yaml"
    static let services = "daemonset/base/aggregator-services.yaml"
    static let authority = "daemonset/base/authority.yaml"
}
