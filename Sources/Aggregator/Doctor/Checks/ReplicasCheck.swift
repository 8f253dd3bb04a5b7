// SPDX-License-Identifier: Apache-2.0
import Console
import KubeAPI
import NIOCore
import NIOPosix
import TLS
import Wire

/// Whether there are replicas behind both Services, and whether each of them answers as its peers want it to.
enum ReplicasCheck {
    /// More are not looked at one by one.
    static let most = 8
    private static let patience: Duration = .seconds(4)

    struct Replica: Sendable, Equatable {
        let ip: String
        let port: UInt16
        let pod: String
        let isReady: Bool

        var text: String { pod.isEmpty ? "\(ip):\(port)" : "\(pod) (\(ip):\(port))" }
    }

    static func run(_ context: DoctorContext) async -> [Finding] {
        let bundle = await bundle(context)
        async let api = look(at: context.configuration.serviceName, "API", context) { replica, name in
            await askReadiness(replica, name, bundle, context)
        }
        async let push = look(at: context.configuration.pushServiceName, "push", context) { replica, name in
            [await shakeHands(replica, name, bundle, context)]
        }
        return await api + excused(push)
    }

    /// What peers of the replicas verify them by.
    private static func bundle(_ context: DoctorContext) async -> [UInt8]? {
        if context.configuration.certificateFile == nil { return (try? await context.publishedBundle()) ?? nil }
        // The operator's CA is where the API server has it from.
        let service = try? await context.client.apiService(name: DoctorVersions.apiServiceNames[0])
        return service.flatMap { $0.caBundle.isEmpty ? nil : $0.caBundle }
    }

    private static func look(
        at serviceName: String, _ what: String, _ context: DoctorContext,
        _ ask: @escaping @Sendable (Replica, String) async -> [Finding]
    ) async -> [Finding] {
        let subject = "\(what) replicas"
        do throws(KubeError) {
            let endpoints = try await context.client.endpoints(namespace: context.namespace, name: serviceName)
            let replicas = replicas(endpoints)
            let name = context.hostName(ofService: serviceName)
            let summary = summary(subject, replicas, "\(context.namespace)/\(serviceName)")
            if replicas.isEmpty { return [summary] }
            guard context.isPod else { return [summary, notAsked(what)] }
            return [summary] + (await inOrder(replicas.prefix(most)) { await ask($0, name) })
        } catch  where error.code == .notFound {
            return [
                .fail(
                    subject, "Service \(context.namespace)/\(serviceName) does not exist, or selects nothing",
                    fix: ["kubectl apply -f \(Manifests.services)"])
            ]
        } catch {
            return [.failed(subject, error)]
        }
    }

    /// Pods' addresses mean something else out there, if anything.
    private static func notAsked(_ what: String) -> Finding {
        .warn(
            "\(what) port", "not tried from outside of the cluster",
            fix: ["run it in a pod: kubectl -n NAMESPACE exec deploy/metrics-push -- /aggregator --check"])
    }

    /// The push port is published before a replica is ready, and until it has gone: one that cannot be reached is no failure
    /// beside one that can.
    static func excused(_ findings: [Finding]) -> [Finding] {
        guard findings.dropFirst().contains(where: { $0.verdict == .ok }) else { return findings }
        return findings.map { finding in
            guard finding.fix == [closedPort] else { return finding }
            return .warn(finding.subject, finding.found, fix: ["fine if that pod is starting or ending; " + closedPort])
        }
    }

    private static let closedPort = "is the pod's port open? look at --push-port and the Service's port"

    private static func inOrder(
        _ replicas: ArraySlice<Replica>, _ ask: @escaping @Sendable (Replica) async -> [Finding]
    ) async -> [Finding] {
        await withTaskGroup(of: (Int, [Finding]).self) { tasks in
            for (index, replica) in replicas.enumerated() { tasks.addTask { (index, await ask(replica)) } }
            var found = [[Finding]](repeating: [], count: replicas.count)
            for await (index, findings) in tasks { found[index] = findings }
            return Array(found.joined())
        }
    }

    static func addresses(_ endpoints: Endpoints) -> [String] { replicas(endpoints).map(\.ip) }

    static func replicas(_ endpoints: Endpoints) -> [Replica] {
        endpoints.subsets.flatMap { subset -> [Replica] in
            // Our Services have one port each.
            guard let port = subset.ports.first.flatMap({ UInt16(exactly: $0.port) }) else { return [] }
            return subset.ready.map { Replica(ip: $0.ip, port: port, pod: $0.podName, isReady: true) }
                + subset.notReady.map { Replica(ip: $0.ip, port: port, pod: $0.podName, isReady: false) }
        }
    }

    static func summary(_ subject: String, _ replicas: [Replica], _ service: String) -> Finding {
        let ready = replicas.count(where: \.isReady)
        let found = "\(ready) of \(replicas.count) ready behind Service \(service)"
        let namespace = service.prefix { $0 != "/" }
        let pods = "kubectl -n \(namespace) get pods -l app.kubernetes.io/component=aggregator"
        if replicas.isEmpty {
            return .fail(
                subject, "none behind Service \(service)",
                fix: ["does the Deployment run, and do the Service's selector and the pods' labels agree? \(pods)"])
        }
        if ready == 0 { return .fail(subject, found, fix: ["the lines below say what they wait for; \(pods)"]) }
        if ready < replicas.count {
            return .warn(subject, found, fix: ["the lines below say what they wait for; \(pods)"])
        }
        return .ok(subject, found)
    }

    // MARK: The API port

    private static func askReadiness(
        _ replica: Replica, _ name: String, _ bundle: [UInt8]?, _ context: DoctorContext
    ) async -> [Finding] {
        let subject = "API \(replica.pod.isEmpty ? replica.ip : replica.pod)"
        guard let bundle, let client = context.replicaClient(replica.ip, replica.port, serverName: name, bundle: bundle)
        else { return [.warn(subject, "not asked: the CA to verify it by is not known", fix: [])] }
        let result: Result<KubeAnswer, KubeError>
        do throws(KubeError) {
            result = .success(try await client.look(at: "/readyz?verbose", timeout: patience))
        } catch {
            result = .failure(error)
        }
        await client.shutdown()
        switch result {
        case .success(let answer): return judge(subject, status: answer.status, page: answer.body, name: name)
        case .failure(let error): return [unreachable(subject, error, name, replica)]
        }
    }

    private static func unreachable(
        _ subject: String, _ error: KubeError, _ name: String, _ replica: Replica
    ) -> Finding {
        if error.message.lowercased().contains("certificate") {
            return .fail(
                subject, error.message,
                fix: [
                    "it does not serve a certificate of our CA for \(name); it takes a new one within 20 s, see its log"
                ])
        }
        guard replica.isReady else {
            return .warn(
                subject, error.message, fix: ["it is not ready, so nobody asks it; is it starting, ending, or failing?"]
            )
        }
        return .fail(
            subject, error.message, fix: ["is the pod's port open? look at NetworkPolicies and at --secure-port"])
    }

    /// - Parameter page: of `/readyz?verbose`.
    static func judge(_ subject: String, status: Int, page: [UInt8], name: String) -> [Finding] {
        let lines = String(decoding: page, as: UTF8.self).split(separator: "\n")
        let failing = lines.filter { $0.hasPrefix("[-]") }.map { String($0.dropFirst(3)) }
        let refused = lines.first { $0.hasPrefix("[+]front-proxy") && $0.contains("refused") }
        var findings: [Finding] = []
        if status == 200 {
            findings.append(.ok(subject, "ready; its certificate is ours and for \(name)"))
        } else if failing.isEmpty {
            findings.append(
                .fail(
                    subject, "/readyz answers HTTP \(status)",
                    fix: ["does something else than metrics-push answer at that address?"]))
        } else {
            findings.append(
                .fail(
                    subject, "not ready: \(failing.joined(separator: "; "))",
                    fix: ["it becomes ready by itself when the cause is gone; its log says more"]))
        }
        if let refused {
            findings.append(
                .warn(
                    subject, String(refused.dropFirst(3)),
                    fix: [
                        "if that is the API server: its --proxy-client-cert-file must be issued by "
                            + "--requestheader-client-ca-file and named in --requestheader-allowed-names"
                    ]))
        }
        return findings
    }

    // MARK: The push port

    private static func shakeHands(
        _ replica: Replica, _ name: String, _ bundle: [UInt8]?, _ context: DoctorContext
    ) async -> Finding {
        let subject = "push \(replica.pod.isEmpty ? replica.ip : replica.pod)"
        guard let bundle, let address = TLS.SocketAddress(ipLiteral: replica.ip, port: replica.port) else {
            return .warn(subject, "not asked: the CA to verify it by is not known", fix: [])
        }
        let result: Result<String?, any Error>
        do {
            result = .success(
                try await NIOSingletons.posixBlockingThreadPool.runIfActive {
                    try Self.protocolName(address, name, bundle)
                })
        } catch {
            result = .failure(error)
        }
        return judge(subject, result, name)
    }

    /// Blocks.
    private static func protocolName(
        _ address: TLS.SocketAddress, _ name: String, _ bundle: [UInt8]
    ) throws(TLSError) -> String? {
        let stream = try TLSStream.connect(
            address: address, context: try .client(trust: .pem(bundle), alpn: [PushProtocol.alpn]), serverName: name,
            deadline: .after(patience))
        let agreed = stream.negotiatedALPN
        stream.close(deadline: .after(.milliseconds(200)))
        return agreed
    }

    static func judge(_ subject: String, _ result: Result<String?, any Error>, _ name: String) -> Finding {
        switch result {
        case .success(PushProtocol.alpn?):
            return .ok(subject, "speaks \(PushProtocol.alpn); its certificate is ours and for \(name)")
        case .success: return .fail(subject, "speaks TLS, but not \(PushProtocol.alpn)", fix: [otherPort])
        case .failure(let error):
            let text = (error as? TLSError)?.message ?? "\(error)"
            switch (error as? TLSError)?.code {
            case .certificateVerifyFailed: return .fail(subject, text, fix: [otherAuthority(name)])
            case .timedOut:
                return .warn(
                    subject, text,
                    fix: ["the NetworkPolicy lets in nobody but agents, so this proves nothing if agents report"])
            case .connectFailed: return .fail(subject, text, fix: [closedPort])
            case .alpnMismatch, .protocolError: return .fail(subject, text, fix: [otherPort])
            case .fileUnreadable, .badCertificate, .badKey, .keyMismatch, .emptyTrust, .handshakeFailed, .handshakeCut,
                .truncated,
                .closed, .limitExceeded, .invalidArgument, .resourceExhausted, nil:
                return .fail(subject, text, fix: ["the replica's log says more"])
            }
        }
    }

    private static let otherPort =
        "does the Service's port lead to --push-port? kubectl apply -f \(Manifests.services)"

    private static func otherAuthority(_ name: String) -> String {
        "it does not serve a certificate of our CA for \(name); it takes a new one within 20 s, see its log"
    }
}
