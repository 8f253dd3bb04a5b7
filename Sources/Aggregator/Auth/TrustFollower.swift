// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import Logging
import Synchronization
import TLS

/// Follows what the API server publishes about its CAs and its front proxy, and replaces the trust when it changes: a
/// rotation there needs no restart here.
final class TrustFollower: ReflectorSink {
    private struct State {
        var applied: ExtensionAuthentication?
        var hasLooked = false
        var complaint: String?
    }

    private let trust: CurrentClientTrust
    private let overrides: ExtensionAuthenticationOverrides
    private let logger: Logger
    private let state = Mutex(State())

    init(trust: CurrentClientTrust, overrides: ExtensionAuthenticationOverrides, logger: Logger) {
        self.trust = trust
        self.overrides = overrides
        self.logger = logger
    }

    /// nil when the front proxy is known, otherwise why not.
    var problem: String? {
        state.withLock { state in
            if let complaint = state.complaint { return complaint }
            return state.hasLooked ? nil : "not read yet"
        }
    }

    /// Applies what the flags say, without asking the cluster.
    func applyOverridesOnly() { apply(ExtensionAuthentication(), isPublished: false) }

    func replace(with objects: [ConfigMap]) { apply(objects.first) }

    func apply(_ change: KubeChange<ConfigMap>) {
        switch change {
        case .added(let map), .modified(let map): apply(map)
        case .deleted: apply(nil)
        }
    }

    func synced() {}

    func disconnected(_ error: KubeError) {
        let isFirst = state.withLock { state -> Bool in
            if state.applied == nil { state.complaint = error.message }
            return !state.hasLooked
        }
        logger.warning(
            isFirst ? "cannot learn which front proxy to trust" : "cannot follow changes of the front proxy's CA",
            metadata: ["error": "\(error)"])
        applyOverridesIfEnough()
    }

    private func apply(_ map: ConfigMap?) {
        guard let map else {
            complain(
                "ConfigMap \(ExtensionAuthentication.namespace)/\(ExtensionAuthentication.configMapName) does not exist; "
                    + "the API server makes it when it is started with --requestheader-client-ca-file or --client-ca-file"
            )
            return
        }
        do throws(ExtensionAuthentication.Malformed) {
            apply(try ExtensionAuthentication(data: map.data), isPublished: true)
        } catch {
            complain(error.description)
        }
    }

    private func apply(_ published: ExtensionAuthentication, isPublished: Bool) {
        let effective = overrides.applied(to: published)
        if state.withLock({ $0.applied }) != effective {
            do throws(TLSError) {
                trust.value = try effective.trust()
            } catch {
                complain("the CAs in \(ExtensionAuthentication.configMapName) cannot be used: \(error)")
                return
            }
        }
        let missing =
            effective.frontProxyCA == nil
            ? "the API server publishes no requestheader-client-ca-file: its aggregation layer is not configured; "
                + "see \"Configure the aggregation layer\" in the README" : nil
        let isNews = state.withLock { state -> Bool in
            defer {
                state.applied = effective
                state.hasLooked = true
                state.complaint = missing
            }
            return state.applied != effective || state.complaint != missing
        }
        if isNews { report(effective, missing: missing, isPublished: isPublished) }
    }

    private func report(_ effective: ExtensionAuthentication, missing: String?, isPublished: Bool) {
        if let missing {
            logger.error("nobody can be a front proxy", metadata: ["reason": "\(missing)"])
        } else {
            logger.info(
                "front proxy configured",
                metadata: [
                    "allowed_names": "\(effective.allowedNames.joined(separator: ","))",
                    "from": "\(isPublished ? "cluster" : "flags")",
                ])
        }
    }

    /// Where the cluster says nothing usable and nothing is trusted yet, a front proxy that the flags name still counts.
    private func applyOverridesIfEnough() {
        guard overrides.frontProxyCA != nil, state.withLock({ $0.applied }) == nil else { return }
        applyOverridesOnly()
    }

    private func complain(_ text: String) {
        let isNews = state.withLock { state -> Bool in
            defer {
                state.complaint = text
                state.hasLooked = true
            }
            return state.complaint != text
        }
        if isNews { logger.error("the front proxy's configuration is unusable", metadata: ["reason": "\(text)"]) }
        applyOverridesIfEnough()
    }
}
