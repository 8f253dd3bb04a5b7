// SPDX-License-Identifier: Apache-2.0
import Console
import Synchronization
import TLS
import Wire

/// The way to each aggregator, as far as it can be gone without being seen: a Hello in this node's name would end the
/// session of the agent that runs here.
enum AggregatorCheck {
    /// All of it, and each step.
    static let patience: Duration = .seconds(25)
    static let step: Duration = .seconds(5)
    private static let unsent = "no Hello was sent, as it would end the running agent's session"

    static func run(_ options: AgentOptions) -> [Finding] {
        let now = LogLine.now() / 1_000_000_000
        let deadline = Deadline.after(patience)
        var findings = CredentialCheck.run(options, now: now)
        let context: TLSContext
        do throws(TLSError) {
            context = try clientContext(options)
        } catch {
            // Which file it is was said above.
            return findings
                + options.aggregators.map {
                    .warn("aggregator \($0)", "not connected to: there is nothing to verify it by", fix: [])
                }
        }
        for endpoint in options.aggregators {
            let name = options.serverName.isEmpty ? endpoint.host : options.serverName
            switch resolve(endpoint, by: min(deadline, .after(step))) {
            case nil:
                findings.append(
                    .fail(
                        "aggregator \(endpoint)", "the name is not answered in time",
                        fix: ["is the cluster's DNS well?"]))
            case .failure(let error):
                findings.append(
                    .fail(
                        "aggregator \(endpoint)", error.message,
                        fix: [
                            "a Service's name is NAME.NAMESPACE.svc; with hostNetwork: true it takes "
                                + "dnsPolicy: ClusterFirstWithHostNet"
                        ]))
            case .success(let addresses):
                findings.append(resolved(endpoint, addresses))
                for address in addresses.prefix(PusherGroup.mostAddresses) {
                    let until = min(deadline, .after(step))
                    findings.append(connect(address, name, context, now: now, deadline: until))
                }
            }
        }
        return findings
    }

    private static func clientContext(_ options: AgentOptions) throws(TLSError) -> TLSContext {
        try ClientContexts(
            files: .init(
                ca: options.caFile, certificate: options.certificateFile.isEmpty ? nil : options.certificateFile,
                key: options.keyFile.isEmpty ? nil : options.keyFile),
            alpn: [PushProtocol.alpn]
        ).current()
    }

    // MARK: The name

    /// nil: not in time.
    private static func resolve(_ endpoint: Endpoint, by deadline: Deadline) -> Result<[SocketAddress], TLSError>? {
        let answer = Answer()
        let thread: ThreadBox
        do throws(WorkerThread.Failure) {
            thread = ThreadBox(
                try WorkerThread(name: "resolve") {
                    let result = Result { () throws(TLSError) in
                        try SocketAddress.resolve(host: endpoint.host, port: endpoint.port)
                    }
                    answer.value.withLock { $0 = result }
                })
        } catch {
            return .failure(TLSError(.resourceExhausted, "\(error)"))
        }
        guard thread.join(by: deadline) else {
            thread.leaveToProcess()
            return nil
        }
        return answer.value.withLock { $0 }
    }

    private final class Answer: Sendable {
        let value = Mutex<Result<[SocketAddress], TLSError>?>(nil)
    }

    private static func resolved(_ endpoint: Endpoint, _ addresses: [SocketAddress]) -> Finding {
        let most = PusherGroup.mostAddresses
        let list = addresses.prefix(most).map { "\($0)" }.joined(separator: ", ")
        if addresses.count <= most { return .ok("aggregator \(endpoint)", list) }
        return .warn(
            "aggregator \(endpoint)", "\(addresses.count) addresses, of which \(most) are pushed to: \(list)",
            fix: ["more than any aggregator has replicas: is the name right?"])
    }

    // MARK: The connection

    private static func connect(
        _ address: SocketAddress, _ name: String, _ context: TLSContext, now: Int64, deadline: Deadline
    ) -> Finding {
        let subject = "push to \(address)"
        do throws(TLSError) {
            let stream = try TLSStream.connect(
                address: address, context: context, serverName: name, deadline: deadline)
            let finding = judge(
                subject, alpn: stream.negotiatedALPN, version: stream.protocolVersion, stream.peerCertificate, now: now)
            stream.close(deadline: .after(.milliseconds(500)))
            return finding
        } catch {
            return .fail(subject, error.message, fix: advice(error, name))
        }
    }

    /// - Parameter now: Unix time in seconds.
    static func judge(
        _ subject: String, alpn: String?, version: String, _ certificate: PeerCertificate?, now: Int64
    ) -> Finding {
        guard alpn == PushProtocol.alpn else {
            return .fail(
                subject, "speaks TLS, and not \(PushProtocol.alpn)",
                fix: ["name the aggregator's push port (\(AgentOptions.defaultPort)), not the one of its API"])
        }
        let until = certificate?.notAfterUnixSeconds ?? 0
        let names = (certificate.map { $0.dnsNames + $0.ipAddresses } ?? []).prefix(4).joined(separator: ", ")
        let found =
            "\(version), \(PushProtocol.alpn); certificate for \(names) until "
            + "\(ExplainText.seconds(since1970: until)); \(unsent)"
        guard until - now < soon else { return .ok(subject, found) }
        return .warn(
            subject, found, fix: ["it ends soon and was not renewed: aggregator --check, and the aggregator's log"])
    }

    /// The aggregator renews its own a day before it ends.
    private static let soon: Int64 = 12 * 3_600

    private static func advice(_ error: TLSError, _ name: String) -> [String] {
        switch error.code {
        case .connectFailed, .timedOut:
            [
                "is the aggregator running there, and may this node reach it (NetworkPolicy, firewall, TCP "
                    + "\(AgentOptions.defaultPort))?"
            ]
        case .certificateVerifyFailed:
            [
                "--ca-file must hold the CA that issued the aggregator's certificate; in a cluster it is in the ConfigMap "
                    + "that the aggregator publishes",
                "the certificate must be for \(name); --server-name checks for another name",
            ]
        case .alpnMismatch:
            ["name the aggregator's push port (\(AgentOptions.defaultPort)), not the one of its API"]
        default: ["is it the aggregator that answers there, and directly, without a proxy?"]
        }
    }
}
