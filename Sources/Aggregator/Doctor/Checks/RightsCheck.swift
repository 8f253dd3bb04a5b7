// SPDX-License-Identifier: Apache-2.0
import Console
import KubeAPI

/// Whether we may do each thing that the aggregator does (SelfSubjectAccessReview).
enum RightsCheck {
    /// Rights that serve one purpose: one line of the report.
    struct Purpose: Sendable {
        let subject: String
        let rights: [AccessAttributes]
        /// Without them the aggregator does not do its work; otherwise only the doctor sees less.
        var isNeeded = true
        let fix: String
    }

    static func run(_ context: DoctorContext) async -> [Finding] {
        let purposes = purposes(context.configuration, namespace: context.namespace)
        return await withTaskGroup(of: (Int, Finding).self) { tasks in
            for (index, purpose) in purposes.enumerated() {
                tasks.addTask { (index, await look(at: purpose, context.client)) }
            }
            var found: [(index: Int, finding: Finding)] = []
            for await result in tasks { found.append((result.0, result.1)) }
            return found.sorted { $0.index < $1.index }.map(\.finding)
        }
    }

    private static func look(at purpose: Purpose, _ client: KubeClient) async -> Finding {
        var missing: [AccessAttributes] = []
        for right in purpose.rights {
            do throws(KubeError) {
                let decision = try await client.reviewOwnAccess(right, timeout: .seconds(5))
                if !decision.allowed { missing.append(right) }
            } catch {
                return .failed(purpose.subject, error, fix: [purpose.fix])
            }
        }
        return finding(purpose, missing: missing)
    }

    static func finding(_ purpose: Purpose, missing: [AccessAttributes]) -> Finding {
        if missing.isEmpty { return .ok(purpose.subject, text(purpose.rights)) }
        let found = "may not \(text(missing))"
        return purpose.isNeeded
            ? .fail(purpose.subject, found, fix: [purpose.fix]) : .warn(purpose.subject, found, fix: [purpose.fix])
    }

    static func purposes(_ configuration: ClusterConfiguration, namespace: String) -> [Purpose] {
        func rights(
            _ verbs: [String], _ resources: [String], group: String = "", in namespace: String = "", name: String = ""
        ) -> [AccessAttributes] {
            resources.flatMap { resource in
                verbs.map { .resource(namespace: namespace, verb: $0, group: group, resource: resource, name: name) }
            }
        }
        func apply(_ binding: String) -> String {
            "kubectl apply -f \(Manifests.rights) (\(binding)); if it is applied, its subjects do not name our account"
        }
        let own = configuration.authorityName
        var purposes = [
            Purpose(
                subject: "rights: nodes, pods",
                rights: rights(["list", "watch"], ["nodes", "pods"]) + rights(["get"], ["pods"]),
                fix: apply("ClusterRoleBinding metrics-push-aggregator")),
            Purpose(
                subject: "rights: reviews",
                rights: rights(["create"], ["tokenreviews"], group: "authentication.k8s.io")
                    + rights(["create"], ["subjectaccessreviews"], group: "authorization.k8s.io"),
                fix: apply("ClusterRoleBinding metrics-push-aggregator:auth-delegator")),
        ]
        if !configuration.authentication.skipsLookup {
            purposes.append(
                Purpose(
                    subject: "rights: front proxy",
                    rights: rights(
                        ["get", "list", "watch"], ["configmaps"], in: ExtensionAuthentication.namespace,
                        name: ExtensionAuthentication.configMapName),
                    fix: apply("RoleBinding metrics-push-aggregator:auth-reader in kube-system")))
        }
        if configuration.certificateFile == nil {
            purposes.append(
                Purpose(
                    subject: "rights: our CA",
                    rights: rights(["get", "update"], ["secrets", "configmaps"], in: namespace, name: own),
                    fix: apply("RoleBinding metrics-push-aggregator")))
            purposes.append(
                Purpose(
                    subject: "rights: APIServices",
                    rights: DoctorVersions.apiServiceNames.flatMap {
                        rights(["get", "patch"], ["apiservices"], group: "apiregistration.k8s.io", name: $0)
                    }, fix: apply("ClusterRoleBinding metrics-push-aggregator")))
        }
        purposes.append(
            Purpose(
                subject: "rights: this check",
                rights: [configuration.serviceName, configuration.pushServiceName].flatMap {
                    rights(["get"], ["endpoints"], in: namespace, name: $0)
                } + rights(["list"], ["nodes"], group: "metrics.k8s.io"), isNeeded: false,
                fix: apply("only --check needs these")))
        return purposes
    }

    /// Such as `list, watch nodes; get secrets kube-system/metrics-push-ca`.
    static func text(_ rights: [AccessAttributes]) -> String {
        var lines: [(verbs: [String], object: String)] = []
        for right in rights {
            let (verb, object) = words(right)
            if let last = lines.indices.last, lines[last].object == object {
                lines[last].verbs.append(verb)
            } else {
                lines.append(([verb], object))
            }
        }
        return lines.map { "\($0.verbs.joined(separator: ", ")) \($0.object)" }.joined(separator: "; ")
    }

    private static func words(_ right: AccessAttributes) -> (verb: String, object: String) {
        switch right {
        case .nonResource(let path, let verb): return (verb, path)
        case .resource(let namespace, let verb, let group, _, let resource, _, let name):
            let kind = group.isEmpty ? resource : "\(resource).\(group)"
            if name.isEmpty { return (verb, kind) }
            return (verb, "\(kind) \(namespace.isEmpty ? name : "\(namespace)/\(name)")")
        }
    }
}
