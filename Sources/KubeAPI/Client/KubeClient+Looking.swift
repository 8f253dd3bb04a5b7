// SPDX-License-Identifier: Apache-2.0
import NIOCore
import TLS

/// An answer as it came, whatever its status: for those who want to know how somebody answers.
public struct KubeAnswer: Sendable {
    public let status: Int
    /// The Date header (RFC 9110 §6.6.1).
    public let date: String?
    public let body: [UInt8]
    /// A Status' message, or else the beginning of the body; one line.
    public let message: String

    init(_ response: KubeResponse) {
        status = response.status
        date = response.date
        body = Array(response.body.readableBytesView)
        let said = APIStatus(body: response.body.readableBytesSpan)?.message
        message = said ?? APIStatus.printable(String(decoding: body.prefix(APIStatus.longestMessage), as: UTF8.self))
    }
}

/// Who we are to the API server, as far as we can tell ourselves.
public enum OwnCredential: Sendable {
    /// Secret.
    case token(String)
    /// The subject of our client certificate, such as `CN=admin,O=system:masters`.
    case certificate(subject: String, notAfterUnixSeconds: Int64)
    case none
}

extension KubeClient {
    /// Fetches a path in JSON or text, and takes every status for an answer.
    ///
    /// - Throws: when there is no answer.
    public func look(
        at path: String, accept: String = "application/json, text/plain, */*", timeout: Duration = .seconds(5)
    ) async throws(KubeError) -> KubeAnswer {
        var request = KubeRequest(path: path, accept: accept)
        request.takesEveryStatus = true
        request.answerLimit = KubeLimits.listPage
        request.timeout = timeout
        return KubeAnswer(try await send(request))
    }

    /// May read files.
    public func ownCredential() async throws(KubeError) -> OwnCredential {
        do throws(ExchangeFailure) {
            if let token = try await credentials.current(until: .now() + times.handshake).token { return .token(token) }
        } catch {
            throw error.error
        }
        guard let source = configuration.clientIdentity?.certificate else { return .none }
        do throws(TLSError) {
            let facts = try CertificateFacts.read(pem: try CredentialSet.read(source), source: "the client certificate")
            guard let leaf = facts.first else { return .none }
            return .certificate(subject: leaf.subject, notAfterUnixSeconds: leaf.notAfterUnixSeconds)
        } catch {
            throw KubeError(.unauthorized, error.message)
        }
    }
}

extension KubeConfiguration {
    /// A single server behind a Service, verified by the Service's name, that is shown no credentials.
    ///
    /// - Parameter authority: PEM.
    /// - Returns: nil when `host` is no name and no address.
    public static func replica(
        host: String, port: UInt16, serverName: String, authority: [UInt8]
    ) -> KubeConfiguration? {
        guard let endpoint = ServerURL(host: host, port: port) else { return nil }
        return KubeConfiguration(
            endpoint: endpoint, tlsServerName: serverName, authority: .bytes(authority), clientIdentity: nil,
            token: nil, namespace: nil)
    }
}
