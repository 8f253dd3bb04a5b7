// SPDX-License-Identifier: Apache-2.0
import Console
import KubeAPI
import TLS

/// The CA that the replicas share, and what agents are told about it.
enum AuthorityCheck {
    static func run(_ context: DoctorContext) async -> [Finding] {
        let name = context.configuration.authorityName
        if let file = context.configuration.certificateFile {
            return [.ok("our CA", "not ours: \(file) is served, and agents must be given its CA")]
        }
        let (secret, set) = await readSecret(context, name)
        return [secret, await readMap(context, name, set)]
    }

    private static func readSecret(_ context: DoctorContext, _ name: String) async -> (Finding, AuthoritySet?) {
        let subject = "our CA: Secret"
        do throws(KubeError) {
            let data = try await context.client.secret(namespace: context.namespace, name: name).data
            return judge(data, now: context.now())
        } catch  where error.code == .notFound {
            return (.fail(subject, "\(context.namespace)/\(name) does not exist", fix: [made]), nil)
        } catch {
            return (.failed(subject, error), nil)
        }
    }

    private static let made =
        "kubectl apply -f \(Manifests.authority); the aggregator fills it in within 20 s, and its log says why not"

    static func judge(_ data: [String: [UInt8]], now: Int64) -> (Finding, AuthoritySet?) {
        let subject = "our CA: Secret"
        if data.isEmpty { return (.fail(subject, "is empty", fix: [made]), nil) }
        do throws(AuthoritySet.Unusable) {
            let set = try AuthoritySet(data: data)
            let end = set.current.notAfterUnixSeconds
            let next =
                set.next.map { ", its successor until \(Validity.day($0.notAfterUnixSeconds)) is published" } ?? ""
            let found = "valid until \(Validity.day(end))\(next)"
            guard end > now else {
                return (
                    .fail(
                        subject, "expired \(Validity.day(end))", fix: ["a running aggregator replaces it: see its log"]),
                    set
                )
            }
            // A successor is made 73 days before the end.
            if end - now < Validity.soon, set.next == nil {
                return (
                    .warn(subject, found, fix: ["an aggregator that runs would have made a successor: see its log"]),
                    set
                )
            }
            return (.ok(subject, found), set)
        } catch {
            return (
                .fail(
                    subject, "holds no usable CA: \(error)",
                    fix: ["the aggregator replaces it within 20 s; if not, its log says why"]), nil
            )
        }
    }

    private static func readMap(_ context: DoctorContext, _ name: String, _ set: AuthoritySet?) async -> Finding {
        let subject = "our CA: ConfigMap"
        do throws(KubeError) {
            guard let bundle = try await context.publishedBundle() else {
                return .fail(
                    subject, "\(context.namespace)/\(name) has no \(ClusterAuthorityStore.bundleKey)", fix: [made])
            }
            return judge(bundle, set, now: context.now())
        } catch  where error.code == .notFound {
            return .fail(
                subject, "\(context.namespace)/\(name) does not exist: agents do not start without it", fix: [made])
        } catch {
            return .failed(subject, error)
        }
    }

    static func judge(_ bundle: [UInt8], _ set: AuthoritySet?, now: Int64) -> Finding {
        let subject = "our CA: ConfigMap"
        do throws(TLSError) {
            let validity = Validity(try CertificateFacts.read(pem: bundle, source: "its ca.crt"), now: now)
            if validity.state == .notValid {
                return .fail(subject, validity.text, fix: ["a running aggregator replaces it: see its log"])
            }
        } catch {
            return .fail(subject, error.message, fix: [made])
        }
        guard let set else { return .warn(subject, "cannot be compared with the Secret", fix: []) }
        guard set.bundlePEM == bundle else {
            return .fail(
                subject, "is not the CA of the Secret, so agents that start now trust another",
                fix: ["a running aggregator corrects it within 20 s; if not, its log says why"])
        }
        return .ok(subject, "what agents trust is the Secret's CA")
    }
}
