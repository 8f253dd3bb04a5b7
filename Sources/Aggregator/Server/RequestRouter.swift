// SPDX-License-Identifier: Apache-2.0
import Console
import Formats
import KubeAPI
import MetricsAPI
import NIOCore
import NIOPosix

/// Gives each request its answer: who asks, may they, what do they get. No HTTP, no channels.
struct RequestRouter: Responder {
    let authenticator: any RequestAuthenticator
    let authorizer: any RequestAuthorizer
    /// Need no permission.
    let alwaysAllowed: AllowedPaths
    let health: HealthChecks
    let metricsPage: MetricsPage
    let api: MetricsAPIHandler
    let source: any MetricsSource
    let metrics: ServerMetrics
    private let shared = SharedLists()

    func admit(_ request: APIRequest) -> Entrance {
        // What tells how we are must work just when there is too much else.
        if health.isProbe(request.path) || request.path == Self.metricsPath { return .open(nil) }
        let isWatch = MetricsAPIHandler.attributes(of: request).verb == "watch"
        if let place = metrics.admission.enter(isWatch ? .watch : .request) { return .open(place) }
        return .refused(counted(api.tooManyRequests(accept: request.accept)))
    }

    func respond(
        to request: APIRequest, credentials: RequestCredentials, life: RequestLife, on eventLoop: any EventLoop
    ) -> EventLoopFuture<APIResponse> {
        authenticator.authenticate(credentials, on: eventLoop)
            .flatMap { authentication -> EventLoopFuture<APIResponse> in
                guard case .user(let user) = authentication else {
                    return eventLoop.makeSucceededFuture(api.unauthorized(accept: request.accept))
                }
                let attributes = MetricsAPIHandler.attributes(of: request)
                if !attributes.isResourceRequest, alwaysAllowed.contains(attributes.path) {
                    return answer(request, life, on: eventLoop)
                }
                return authorizer.authorize(attributes, for: user, on: eventLoop).flatMap { authorization in
                    switch authorization {
                    case .allowed: return answer(request, life, on: eventLoop)
                    case .refused(let reason):
                        return eventLoop.makeSucceededFuture(
                            api.forbidden(attributes, user: user.name, reason: reason, accept: request.accept))
                    case .failed(let reason):
                        return eventLoop.makeSucceededFuture(api.internalError(reason, accept: request.accept))
                    }
                }
            }
            .map { counted($0.compressed(for: request)) }
    }

    func refuseBody(of request: APIRequest, limitBytes: Int) -> APIResponse {
        counted(api.requestEntityTooLarge(limitBytes: limitBytes, accept: request.accept))
    }

    private func counted(_ response: APIResponse) -> APIResponse {
        metrics.responded(status: response.status)
        return response
    }

    private static let metricsPath = "/metrics"

    private func answer(
        _ request: APIRequest, _ life: RequestLife, on eventLoop: any EventLoop
    ) -> EventLoopFuture<APIResponse> {
        if let response = health.respond(path: request.path, query: request.query) {
            return eventLoop.makeSucceededFuture(response)
        }
        if request.path == Self.metricsPath, request.method == "GET" || request.method == "HEAD" {
            return eventLoop.makeSucceededFuture(
                APIResponse(
                    status: 200, contentType: PrometheusText.Dialect.prometheus.contentType, headers: [],
                    body: Array(metricsPage.render().utf8)))
        }
        let now = LogLine.now()
        let prepared = api.prepare(request, from: source, nowUnixNanoseconds: now) { served in
            metrics.freshness.observe(served, nowUnixNanoseconds: now)
        }
        switch prepared {
        case .answer(let response): return eventLoop.makeSucceededFuture(response)
        case .list(let list):
            if list.size(in: source) > Self.largestInline { return large(list, request, life, on: eventLoop) }
            let version = ResourceVersion.at(unixNanoseconds: now)
            return eventLoop.makeSucceededFuture(answer(list, list.figures(from: source), version))
        }
    }

    private func answer(_ list: ListRequest, _ figures: FiguresList, _ resourceVersion: UInt64) -> APIResponse {
        let now = LogLine.now()
        metrics.freshness.observe(figures, nowUnixNanoseconds: now)
        return list.response(figures, resourceVersion: resourceVersion, nowUnixNanoseconds: now)
    }

    // MARK: Large lists

    /// Lists that look at more objects than this are made off the event loop, one after the other. This many take it some
    /// milliseconds (pods two to three); to hand them to another thread, and what it made back, would take one of CPU more.
    static let largestInline = 4_000

    private func large(
        _ list: ListRequest, _ request: APIRequest, _ life: RequestLife, on eventLoop: any EventLoop
    ) -> EventLoopFuture<APIResponse> {
        metrics.admission.largeList(for: life, on: eventLoop).flatMap { place in
            if life.isOver { return eventLoop.makeFailedFuture(RequestAbandoned()) }
            guard let place else {
                return eventLoop.makeSucceededFuture(api.tooManyRequests(accept: request.accept))
            }
            return shared.snapshot(of: list, from: source, on: eventLoop).flatMap { snapshot in
                HeavyWork.pool.runIfActive(eventLoop: eventLoop) {
                    if life.isOver { throw RequestAbandoned() }
                    var response = answer(list, snapshot.figures, snapshot.resourceVersion)
                    if case .stream(let stream) = response.body {
                        response.body = .stream(LargeListStream(stream, snapshot, place))
                    }
                    return response
                }
            }
        }
    }
}
