// SPDX-License-Identifier: Apache-2.0
import Console
import KubeAPI

extension Finding {
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
