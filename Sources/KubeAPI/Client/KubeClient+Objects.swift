// SPDX-License-Identifier: Apache-2.0
import Formats
import NIOCore
import NIOHTTP1

extension KubeClient {
    // MARK: Reviews

    /// Asks whose token this is.
    ///
    /// - Parameters:
    ///   - audiences: whom the token must be for; empty: for the API server itself.
    ///   - timeout: nil: 10 s, as for every other call.
    public func reviewToken(
        _ token: String, audiences: [String], timeout: Duration? = nil
    ) async throws(KubeError) -> TokenReviewResult {
        let request = KubeRequest(
            method: .POST, path: "/apis/authentication.k8s.io/v1/tokenreviews",
            body: TokenReviewResult.request(token: token, audiences: audiences), timeout: timeout)
        return try await fetch(request, "TokenReview") { (body) throws(KubeDecodingError) in
            try TokenReviewResult(body)
        }
    }

    /// Asks whether somebody may do something.
    public func reviewAccess(
        _ access: SubjectAccess, timeout: Duration? = nil
    ) async throws(KubeError) -> AccessDecision {
        let request = KubeRequest(
            method: .POST, path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            body: AccessDecision.request(access.attributes, user: access.user), timeout: timeout)
        return try await fetch(request, "SubjectAccessReview") { (body) throws(KubeDecodingError) in
            try AccessDecision(body)
        }
    }

    /// Asks whether we may do something.
    public func reviewOwnAccess(
        _ attributes: AccessAttributes, timeout: Duration? = nil
    ) async throws(KubeError) -> AccessDecision {
        let request = KubeRequest(
            method: .POST, path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            body: AccessDecision.request(attributes, user: nil), timeout: timeout)
        return try await fetch(request, "SelfSubjectAccessReview") { (body) throws(KubeDecodingError) in
            try AccessDecision(body)
        }
    }

    // MARK: ConfigMaps and Secrets

    public func configMap(namespace: String, name: String) async throws(KubeError) -> ConfigMap {
        try await get(.core("configmaps", namespace: namespace), name)
    }

    /// - Throws: `alreadyExists` when somebody was faster.
    public func createConfigMap(_ configMap: ConfigMap) async throws(KubeError) -> ConfigMap {
        try await write(.POST, .core("configmaps", namespace: configMap.metadata.namespace), configMap.encoded())
    }

    /// Writes back what was read. Labels and annotations stay as they were read.
    ///
    /// - Throws: `conflict` when it has changed since: its resourceVersion is another one.
    public func updateConfigMap(_ configMap: ConfigMap) async throws(KubeError) -> ConfigMap {
        try await write(
            .PUT, .core("configmaps", namespace: configMap.metadata.namespace), configMap.encoded(),
            name: configMap.metadata.name)
    }

    public func secret(namespace: String, name: String) async throws(KubeError) -> Secret {
        try await get(.core("secrets", namespace: namespace), name)
    }

    /// - Throws: `alreadyExists` when somebody was faster.
    public func createSecret(_ secret: Secret) async throws(KubeError) -> Secret {
        try await write(.POST, .core("secrets", namespace: secret.metadata.namespace), secret.encoded())
    }

    /// As ``updateConfigMap(_:)``.
    public func updateSecret(_ secret: Secret) async throws(KubeError) -> Secret {
        try await write(
            .PUT, .core("secrets", namespace: secret.metadata.namespace), secret.encoded(), name: secret.metadata.name)
    }

    // MARK: Others

    /// Which node a pod runs on, and the pod's uid.
    public func podPlacement(namespace: String, name: String) async throws(KubeError) -> PodPlacement {
        let request = KubeRequest(path: KubeResource.core("pods", namespace: namespace).path(name))
        return try await fetch(request, "Pod") { (body) throws(KubeDecodingError) in try PodPlacement(body) }
    }

    /// Which of a pod's containers has which id, and the pod's uid.
    public func podContainers(namespace: String, name: String) async throws(KubeError) -> PodContainers {
        let request = KubeRequest(path: KubeResource.core("pods", namespace: namespace).path(name))
        return try await fetch(request, "Pod") { (body) throws(KubeDecodingError) in try PodContainers(body) }
    }

    /// - Parameter name: `VERSION.GROUP`.
    public func apiService(name: String) async throws(KubeError) -> APIService {
        let request = KubeRequest(path: KubeResource.apiServices.path(name))
        return try await fetch(request, "APIService") { (body) throws(KubeDecodingError) in try APIService(body) }
    }

    /// Has the API server verify the Service by these CAs, in PEM, and by nothing else: `insecureSkipTLSVerify`, with
    /// which it takes no CA, is removed. A JSON merge patch (RFC 7396) of these two fields.
    public func patchAPIService(name: String, caBundle: [UInt8]) async throws(KubeError) {
        let bundle = Base64.encode(caBundle)
        var request = KubeRequest(method: .PATCH, path: KubeResource.apiServices.path(name))
        request.body = Array(#"{"spec":{"caBundle":"\#(bundle)","insecureSkipTLSVerify":null}}"#.utf8)
        request.contentType = "application/merge-patch+json"
        _ = try await fetch(request, "APIService") { (body) throws(KubeDecodingError) in try APIService(body) }
    }

    /// Who stands behind a Service.
    public func endpoints(namespace: String, name: String) async throws(KubeError) -> Endpoints {
        let request = KubeRequest(path: KubeResource.core("endpoints", namespace: namespace).path(name))
        return try await fetch(request, "Endpoints") { (body) throws(KubeDecodingError) in try Endpoints(body) }
    }

    /// The server's `gitVersion`, such as `v1.37.0`.
    public func serverVersion() async throws(KubeError) -> String {
        let request = KubeRequest(path: "/version", accept: "application/json")
        let response = try await send(request)
        guard let version = JSONValue(response.body.readableBytesSpan)?["gitVersion"]?.text else {
            throw KubeError(
                .badAnswer,
                "\(request.label(configuration.endpoint)): no gitVersion in the answer; is it an API server?")
        }
        return APIStatus.printable(version)
    }

    // MARK: Pieces

    private func get<Object: KubeObject>(_ resource: KubeResource, _ name: String) async throws(KubeError) -> Object {
        try await fetch(KubeRequest(path: resource.path(name)), Object.kind) { (body) throws(KubeDecodingError) in
            try Object(protobuf: body, options: KubeDecodingOptions())
        }
    }

    private func write<Object: KubeObject>(
        _ method: KubeRequest.Method, _ resource: KubeResource, _ body: [UInt8], name: String? = nil
    ) async throws(KubeError) -> Object {
        // Sent twice, the second one would be answered as if somebody else had been faster.
        let request = KubeRequest(
            method: method, path: name.map { resource.path($0) } ?? resource.path, body: body, isIdempotent: false)
        return try await fetch(request, Object.kind) { (body) throws(KubeDecodingError) in
            try Object(protobuf: body, options: KubeDecodingOptions())
        }
    }

    /// Sends a request and decodes the object that answers it.
    private func fetch<Value>(
        _ request: KubeRequest, _ kind: StaticString, _ decode: (RawSpan) throws(KubeDecodingError) -> Value
    ) async throws(KubeError) -> Value {
        let response = try await send(request)
        return try decoded(response, request) { (body) throws(KubeDecodingError) in
            let envelope = try Envelope(body)
            try envelope.expect(kind, in: body)
            return try decode(body.extracting(envelope.object))
        }
    }

    /// Decodes a protobuf answer; what cannot be decoded is a `badAnswer` that names the request.
    func decoded<Value>(
        _ response: KubeResponse, _ request: KubeRequest, _ decode: (RawSpan) throws(KubeDecodingError) -> Value
    ) throws(KubeError) -> Value {
        let label = request.label(configuration.endpoint)
        guard response.isProtobuf else {
            throw KubeError(
                .badAnswer,
                "\(label): the answer is '\(APIStatus.printable(response.contentType))' and not protobuf; "
                    + "does something else than the API server answer there, such as a proxy?")
        }
        do throws(KubeDecodingError) {
            return try decode(response.body.readableBytesSpan)
        } catch {
            throw KubeError(.badAnswer, "\(label): \(error)")
        }
    }
}
