// SPDX-License-Identifier: Apache-2.0
import Console
import KubeAPI
import TLS

/// Whether the API server was given the flags of its aggregation layer: it publishes them for extension API servers.
enum AggregationLayerCheck {
    private static let subject = "front proxy"
    private static let page = "see \"Configure the aggregation layer\" in the README"

    static func run(_ context: DoctorContext) async -> [Finding] {
        let settings = context.configuration.authentication
        let overrides: ExtensionAuthenticationOverrides
        do throws(TLSError) {
            overrides = try settings.overrides()
        } catch {
            return [.fail(subject, error.message, fix: ["correct --requestheader-client-ca-file or --client-ca-file"])]
        }
        var data: [String: String] = [:]
        if !settings.skipsLookup {
            do throws(KubeError) {
                data = try await context.client.configMap(
                    namespace: ExtensionAuthentication.namespace, name: ExtensionAuthentication.configMapName
                ).data
            } catch  where error.code == .notFound {
                return [
                    .fail(
                        subject, "ConfigMap \(place) does not exist",
                        fix: [
                            "start kube-apiserver with --requestheader-client-ca-file and the flags that go with it; \(page)"
                        ])
                ]
            } catch {
                return [.failed(subject, error)]
            }
        }
        return findings(data, overrides, now: context.now())
    }

    private static let place = "\(ExtensionAuthentication.namespace)/\(ExtensionAuthentication.configMapName)"

    /// - Parameter data: of the ConfigMap.
    static func findings(
        _ data: [String: String], _ overrides: ExtensionAuthenticationOverrides, now: Int64
    ) -> [Finding] {
        let published: ExtensionAuthentication
        do throws(ExtensionAuthentication.Malformed) {
            published = try ExtensionAuthentication(data: data)
        } catch {
            return [.fail(subject, error.description, fix: ["restart kube-apiserver with a correct --\(error.key)"])]
        }
        let effective = overrides.applied(to: published)
        guard let frontProxyCA = effective.frontProxyCA else {
            return [
                .fail(
                    "front proxy: CA", "\(place) has no requestheader-client-ca-file",
                    fix: [
                        "start kube-apiserver with --requestheader-client-ca-file, --requestheader-allowed-names, "
                            + "--requestheader-username-headers, --requestheader-group-headers, "
                            + "--requestheader-extra-headers-prefix, --proxy-client-cert-file and "
                            + "--proxy-client-key-file; \(page)"
                    ])
            ]
        }
        return [
            authority("front proxy: CA", frontProxyCA, flag: "--requestheader-client-ca-file", now: now),
            names(effective), headers(data, effective.headers, overrides),
            effective.clientCA.map { authority("clients' CA", $0, flag: "--client-ca-file", now: now) }
                ?? .ok("clients' CA", "none: users' own certificates do not count here, only through the API server"),
        ]
    }

    private static func authority(_ subject: String, _ pem: String, flag: String, now: Int64) -> Finding {
        do throws(TLSError) {
            let validity = Validity(
                try CertificateFacts.read(pem: Array(pem.utf8), source: "the file of \(flag)"), now: now)
            let fix = ["renew it, and restart kube-apiserver with the new \(flag)"]
            switch validity.state {
            case .good: return .ok(subject, validity.text)
            case .endsSoon: return .warn(subject, validity.text, fix: fix)
            case .notValid: return .fail(subject, validity.text, fix: fix)
            }
        } catch {
            return .fail(subject, error.message, fix: ["start kube-apiserver with a PEM file for \(flag)"])
        }
    }

    private static func names(_ effective: ExtensionAuthentication) -> Finding {
        let subject = "front proxy: names"
        if !effective.allowedNames.isEmpty {
            return .ok(subject, effective.allowedNames.joined(separator: ", "))
        }
        let fix = [
            "start kube-apiserver with --requestheader-allowed-names=NAME, the common name of its "
                + "--proxy-client-cert-file"
        ]
        if effective.frontProxyCA == effective.clientCA {
            return .fail(
                subject, "any, and the CA is that of users: each of them could speak for all others",
                fix: fix + ["give the front proxy a CA of its own: --requestheader-client-ca-file; \(page)"])
        }
        return .warn(subject, "any: every certificate of that CA may speak for all users", fix: fix)
    }

    private static func headers(
        _ data: [String: String], _ headers: FrontProxyHeaders, _ overrides: ExtensionAuthenticationOverrides
    ) -> Finding {
        let subject = "front proxy: headers"
        // Defaults of ours stand in for what is not published; the API server then sends no such header.
        let lists = [
            (
                key: "requestheader-username-headers", isGiven: overrides.usernameHeaders != nil,
                names: headers.usernames
            ),
            (key: "requestheader-group-headers", isGiven: overrides.groupHeaders != nil, names: headers.groups),
            (
                key: "requestheader-extra-headers-prefix", isGiven: overrides.extraHeaderPrefixes != nil,
                names: headers.extraPrefixes
            ),
        ]
        let missing = lists.filter { list in list.names.isEmpty || !list.isGiven && data[list.key] == nil }.map(\.key)
        guard missing.isEmpty else {
            return .fail(
                subject, "\(missing.joined(separator: ", ")) is not published or empty",
                fix: missing.map { "start kube-apiserver with --\($0)=\(example[$0] ?? "NAME"); \(page)" })
        }
        return .ok(subject, lists.flatMap(\.names).joined(separator: ", "))
    }

    private static let example = [
        "requestheader-username-headers": "X-Remote-User", "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    ]
}
