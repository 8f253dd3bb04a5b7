// SPDX-License-Identifier: Apache-2.0
import Console
import Formats
import KubeAPI
import MetricsAPI
import NIOCore

/// Gives each request its answer: who asks, may they, what do they get. No HTTP, no channels.
struct RequestRouter: Responder {
    let authenticator: any RequestAuthenticator
    let authorizer: any RequestAuthorizer
    /// Need no permission.
    let alwaysAllowed: AllowedPaths
    let health: HealthChecks
    let metricsPage: MetricsPage
    let api: MetricsAPIHandler
    let source: any MetricsSource & Sendable
    let metrics: ServerMetrics

    func respond(
        to request: APIRequest, credentials: RequestCredentials, on eventLoop: any EventLoop
    ) -> EventLoopFuture<APIResponse> {
        authenticator.authenticate(credentials, on: eventLoop)
            .flatMap { authentication -> EventLoopFuture<APIResponse> in
                guard case .user(let user) = authentication else {
                    return eventLoop.makeSucceededFuture(api.unauthorized(accept: request.accept))
                }
                let attributes = MetricsAPIHandler.attributes(of: request)
                if !attributes.isResourceRequest, alwaysAllowed.contains(attributes.path) {
                    return eventLoop.makeSucceededFuture(answer(request))
                }
                return authorizer.authorize(attributes, for: user, on: eventLoop).map { authorization in
                    switch authorization {
                    case .allowed: answer(request)
                    case .refused(let reason):
                        api.forbidden(attributes, user: user.name, reason: reason, accept: request.accept)
                    case .failed(let reason): api.internalError(reason, accept: request.accept)
                    }
                }
            }
            .map(counted)
    }

    func refuseBody(of request: APIRequest, limitBytes: Int) -> APIResponse {
        counted(api.requestEntityTooLarge(limitBytes: limitBytes, accept: request.accept))
    }

    private func counted(_ response: APIResponse) -> APIResponse {
        metrics.responded(status: response.status)
        return response
    }

    private func answer(_ request: APIRequest) -> APIResponse {
        if let response = health.respond(path: request.path, query: request.query) { return response }
        if request.path == "/metrics", request.method == "GET" || request.method == "HEAD" {
            return APIResponse(
                status: 200, contentType: PrometheusText.Dialect.prometheus.contentType, headers: [],
                body: Array(metricsPage.render().utf8))
        }
        let now = LogLine.now()
        return api.respond(to: request, from: source, nowUnixNanoseconds: now) { served in
            metrics.freshness.observe(served, nowUnixNanoseconds: now)
        }
    }
}
