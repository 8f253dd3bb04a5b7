// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLS

/// A client with its socket, in the server's thread.
final class EndpointClient {
    private let socket: Socket
    var conversation: Conversation

    init(socket: consuming Socket, times: EndpointTimes) {
        self.socket = socket
        conversation = Conversation(times: times)
    }

    var descriptor: Int32 { socket.descriptor }

    /// What to wait for.
    var events: Int16 {
        var events: Int32 = 0
        if conversation.inputLimit > 0 { events |= POLLIN }
        if !conversation.output.isEmpty { events |= POLLOUT }
        return Int16(events)
    }

    /// Goes on as far as it can without waiting.
    /// - Parameters:
    ///   - event: what `poll(2)` says of the socket.
    ///   - isEnding: answers are due now or never.
    func serve(_ event: Int16, isEnding: Bool, _ respond: EndpointServer.Respond) {
        if event & Int16(POLLERR | POLLNVAL) != 0 { return conversation.end() }
        if event & Int16(POLLIN | POLLHUP) != 0 {
            if conversation.inputLimit > 0 {
                receive()
            } else if event & Int16(POLLHUP) != 0 {
                // Both directions are closed: nobody is left to read an answer.
                return conversation.end()
            }
        }
        repeat {
            if let request = conversation.request,
                let answer = respond(request, isEnding || conversation.deadline.hasPassed)
            {
                conversation.answer(answer)
            }
        } while send()
        if conversation.deadline.hasPassed {
            conversation.timedOut()
            while send() {}
        }
    }

    func refuse(_ status: HTTPStatus, _ reason: String) {
        conversation.refuse(status, reason)
        while send() {}
    }

    private func receive() {
        var bytes: [UInt8] = []
        switch socket.receive(appendingTo: &bytes, limit: conversation.inputLimit) {
        case .bytes: conversation.received(bytes)
        case .wouldBlock: break
        case .endOfFile: conversation.inputEnded()
        case .failed: conversation.end()
        }
    }

    /// - Returns: whether there may be more to do.
    private func send() -> Bool {
        let output = conversation.output
        if output.isEmpty { return false }
        switch socket.send(unsafe output.span.bytes) {
        case .bytes(let count):
            conversation.sent(count)
            if conversation.isDraining { socket.finishSending() }
            return true
        case .wouldBlock: return false
        case .endOfFile, .failed:
            conversation.end()
            return false
        }
    }
}
