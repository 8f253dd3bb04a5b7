// SPDX-License-Identifier: Apache-2.0

/// Answers metrics.k8s.io: a request in, a response out, no I/O and no state.
///
/// The contract is the one metrics-server keeps and kubectl, HPA and VPA rely on, down to the wording of errors.
/// Authentication and authorization come before it: `attributes(of:)` says what to authorize, and `unauthorized` and
/// `forbidden` word the refusal.
public struct MetricsAPIHandler: Sendable {
    let coreStub: CoreStub?
    let watches: (any WatchService)?
    let versionInfo: VersionInfo
    let serverAddress: String?
    let indexPaths: [String]

    /// - Parameters:
    ///   - coreStub: serves `/api` as well; only for `--standalone`.
    ///   - watches: nil: nothing can be watched.
    ///   - serverAddress: `serverAddressByClientCIDRs` of discovery, such as ":4443"; nil leaves it out.
    ///   - otherPaths: what the server around this handler serves (`/livez`, `/metrics`, …), for the index of paths.
    public init(
        coreStub: CoreStub? = nil, watches: (any WatchService)? = nil, versionInfo: VersionInfo,
        serverAddress: String? = nil, otherPaths: [String] = []
    ) {
        self.coreStub = coreStub
        self.watches = watches
        self.versionInfo = versionInfo
        self.serverAddress = serverAddress
        let own =
            ["/apis", "/apis/\(MetricsVersion.group)", "/version"]
            + MetricsVersion.allCases.map { "/apis/\($0.groupVersion)" }
            + (coreStub == nil ? [] : ["/api", "/api/v1"])
        self.indexPaths = Set(own + otherPaths).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// What to authorize, from the request alone.
    public static func attributes(of request: APIRequest) -> RequestAttributes { RequestAttributes(request) }

    /// As the static function; for callers that hold a handler.
    public func attributes(of request: APIRequest) -> RequestAttributes { RequestAttributes(request) }

    /// What an authorized request asks for. Any request gets an answer; none traps.
    ///
    /// - Parameters:
    ///   - nowUnixNanoseconds: the time of the answer, Unix time in nanoseconds.
    ///   - observeServed: told of the figures in an answer about a single object.
    public func prepare(
        _ request: APIRequest, from source: some MetricsSource, nowUnixNanoseconds: Int64,
        observeServed: (FiguresList) -> Void
    ) -> PreparedAnswer {
        let query = URLQuery(request.query)
        let pretty = Negotiation.prefersPretty(request, query)
        let exchange = Exchange(
            handler: self, request: request, query: query, pretty: pretty, now: nowUnixNanoseconds)
        var prepared: PreparedAnswer
        do throws(Status) {
            prepared = try exchange.prepare(from: source, observeServed)
        } catch {
            prepared = .answer(error.response(accept: request.accept, pretty: pretty))
        }
        if request.method == "HEAD", case .answer(var response) = prepared {
            response.body = .bytes([])
            prepared = .answer(response)
        }
        return prepared
    }

    /// `prepare`, and what it takes to answer a list, at once.
    ///
    /// - Parameter observeServed: told of all figures in the answer.
    public func respond(
        to request: APIRequest, from source: some MetricsSource, nowUnixNanoseconds: Int64,
        observeServed: (FiguresList) -> Void
    ) -> APIResponse {
        switch self.prepare(
            request, from: source, nowUnixNanoseconds: nowUnixNanoseconds, observeServed: observeServed)
        {
        case .answer(let answer): return answer
        case .list(let list):
            let figures = list.figures(from: source)
            observeServed(figures)
            return list.response(
                figures, resourceVersion: ResourceVersion.at(unixNanoseconds: nowUnixNanoseconds),
                nowUnixNanoseconds: nowUnixNanoseconds)
        }
    }

    // MARK: Refusals that come before the handler

    /// 403. `reason` is what the authorizer gave, if it gave one.
    public func forbidden(
        _ attributes: RequestAttributes, user: String, reason: String? = nil, accept: String?
    ) -> APIResponse {
        Status.forbidden(attributes, user: user, reason: reason)
            .response(accept: accept, headers: [("X-Content-Type-Options", "nosniff")])
    }

    /// 401.
    public func unauthorized(accept: String?) -> APIResponse { Status.unauthorized.response(accept: accept) }

    /// 413, for a request that brings a larger body than the server reads.
    public func requestEntityTooLarge(limitBytes: Int, accept: String?) -> APIResponse {
        Status.requestEntityTooLarge(limitBytes: limitBytes).response(accept: accept)
    }

    /// 429 with Retry-After.
    public func tooManyRequests(retryAfterSeconds: Int = 1, accept: String? = nil) -> APIResponse {
        Status.tooManyRequests(retryAfterSeconds: retryAfterSeconds).response(accept: accept)
    }

    /// 500. `message` goes to the client: it must not carry secrets.
    public func internalError(_ message: String, accept: String? = nil) -> APIResponse {
        Status.internalError(message).response(accept: accept)
    }

    /// 503, for instance while an authorizer cannot be reached.
    public func serviceUnavailable(
        _ message: String, retryAfterSeconds: Int? = nil, accept: String? = nil
    ) -> APIResponse {
        Status.serviceUnavailable(message, retryAfterSeconds: retryAfterSeconds).response(accept: accept)
    }

    /// 415, for a request that brings a body.
    public func unsupportedMediaType(accept: String? = nil) -> APIResponse {
        Status.unsupportedMediaType.response(accept: accept)
    }
}
