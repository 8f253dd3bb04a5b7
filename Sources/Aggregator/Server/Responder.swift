// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import NIOCore

/// Whether a request is taken on.
enum Entrance {
    /// nil: it needs no place.
    case open(Admission.Place?)
    case refused(APIResponse)
}

/// Gives requests their answers: `RequestRouter`, and in tests something simpler.
protocol Responder: Sendable {
    /// Asked first, before anything is done for the request.
    func admit(_ request: APIRequest) -> Entrance

    /// - Parameter life: ends when nobody waits for the answer any more.
    /// - Returns: an answer, always, unless `life` has ended: an error on the way is one too.
    func respond(
        to request: APIRequest, credentials: RequestCredentials, life: RequestLife, on eventLoop: any EventLoop
    ) -> EventLoopFuture<APIResponse>

    /// The answer to a request whose body is not worth reading to its end.
    func refuseBody(of request: APIRequest, limitBytes: Int) -> APIResponse
}
