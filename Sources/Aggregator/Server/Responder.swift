// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import NIOCore

/// Gives requests their answers: `RequestRouter`, and in tests something simpler.
protocol Responder: Sendable {
    /// - Returns: an answer, always: an error on the way is one too.
    func respond(
        to request: APIRequest, credentials: RequestCredentials, on eventLoop: any EventLoop
    ) -> EventLoopFuture<APIResponse>

    /// The answer to a request whose body is not worth reading to its end.
    func refuseBody(of request: APIRequest, limitBytes: Int) -> APIResponse
}
