// SPDX-License-Identifier: Apache-2.0
import NIOCore
import TLS

/// An open connection to the API server.
final class Connection: Sendable {
    let channel: any Channel
    /// What it was made with: another context means that the CA or our certificate has changed.
    let context: TLSContext
    private let handler: NIOLoopBound<ExchangeHandler>

    init(channel: any Channel, context: TLSContext, handler: NIOLoopBound<ExchangeHandler>) {
        self.channel = channel
        self.context = context
        self.handler = handler
    }

    /// Sends a request and takes its answer; cancelling the task ends the connection.
    func perform(
        _ request: KubeRequest, _ endpoint: ServerURL, userAgent: String, token: String?, deadline: NIODeadline,
        stream: Exchange.Stream? = nil
    ) async throws(ExchangeFailure) -> KubeResponse {
        let exchange = Exchange(
            head: request.head(endpoint, userAgent: userAgent, token: token), body: request.body,
            limit: request.answerLimit, deadline: deadline, stream: stream,
            promise: channel.eventLoop.makePromise(of: KubeResponse.self))
        do {
            return try await withTaskCancellationHandler {
                channel.eventLoop.execute { self.handler.value.start(exchange) }
                return try await exchange.promise.futureResult.get()
            } onCancel: {
                close(ExchangeFailure(.cancelled, "cancelled"))
            }
        } catch {
            if Task.isCancelled { throw ExchangeFailure(.cancelled, "cancelled") }
            throw error as? ExchangeFailure ?? ExchangeFailure(.unreachable, "\(error)")
        }
    }

    func close(_ failure: ExchangeFailure = ExchangeFailure(.cancelled, "the client is shut down")) {
        channel.eventLoop.execute { self.handler.value.fail(failure) }
    }
}
