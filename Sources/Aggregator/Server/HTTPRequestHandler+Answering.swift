// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import NIOCore
import NIOHTTP1
import NIOPosix

/// An answer on its way to the client.
struct OpenAnswer {
    let head: HTTPRequestHead
    /// The connection ends with it.
    var closes: Bool
    var response: APIResponse
    /// What the rest of the body is made from; nil while a chunk is being made, and at the end.
    var stream: (any BodyStream)?
    /// Made, and written together with what comes next.
    var pendingHead: HTTPResponseHead?
    var hasHead = false
    var isEndless = false

    var takesBody: Bool { head.method != .HEAD && response.status != 304 && response.status != 204 }
}

/// One chunk at a time: made, written, and the next one asked for when the client has taken it, in another turn of the
/// event loop.
extension HTTPRequestHandler {
    /// Sends an answer, once the connection has room for it.
    func write(
        _ response: APIResponse, to head: HTTPRequestHead, thenClose: Bool, _ context: ChannelHandlerContext
    ) {
        let answer = OpenAnswer(
            head: head, closes: thenClose || head.version.major == 1 && !head.isKeepAlive, response: response)
        if case .stream(let stream) = response.body, stream.isEndless, answer.takesBody {
            share.endless += 1
            return begin(answer, context)
        }
        let number = answerNumber
        share.enter { [self] in
            guard number == answerNumber, context.channel.isActive else {
                response.body.drop()
                return share.leave()
            }
            begin(answer, context)
        }
    }

    private func begin(_ answer: OpenAnswer, _ context: ChannelHandlerContext) {
        var answer = answer
        answerNumber += 1
        switch answer.response.body {
        case .bytes(let bytes):
            open = answer
            makeHead(length: bytes.count)
            send(answer.takesBody ? ByteBuffer(bytes: bytes) : ByteBuffer(), .finished, context)
        case .stream(let stream) where !answer.takesBody:
            open = answer
            makeHead(length: stream.length ?? 0)
            stream.end()
            send(ByteBuffer(), .finished, context)
        case .stream(let stream):
            answer.isEndless = stream.isEndless
            answer.stream = stream
            open = answer
            pull(context)
        }
    }

    /// The client is gone, or too slow: what was to be sent is not made.
    func abandon() {
        // While a chunk is being made the stream is with its maker, who ends it.
        leave()?.stream?.end()
    }

    /// The answer is no longer on its way, if there is one; its places are free.
    private func leave() -> OpenAnswer? {
        answerNumber += 1
        life?.end()
        life = nil
        place?.release()
        place = nil
        guard let answer = open.take() else { return nil }
        if answer.isEndless { share.endless -= 1 } else { share.leave() }
        return answer
    }

    // MARK: Chunks

    private func pull(_ context: ChannelHandlerContext) {
        guard var stream = open?.stream.take() else { return }
        let number = answerNumber
        guard stream.isHeavy else {
            let chunk = BodyChunk(of: &stream)
            return pulled(chunk, stream, number, context)
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        HeavyWork.pool.submit { [stream] _ in
            var stream = stream
            let chunk = BodyChunk(of: &stream)
            bound.eventLoop.execute { [stream] in
                let (handler, context) = bound.value
                handler.pulled(chunk, stream, number, context)
            }
        }
    }

    private func pulled(
        _ chunk: BodyChunk, _ stream: any BodyStream, _ number: Int, _ context: ChannelHandlerContext
    ) {
        guard number == answerNumber, open != nil else { return stream.end() }
        if case .failed = chunk.progress {
            stream.end()
            abandon()
            return context.close(promise: nil)
        }
        if open?.hasHead == false {
            // What ends in its first chunk has a length that is known by now.
            makeHead(length: chunk.progress == .finished ? chunk.bytes.readableBytes : stream.length)
        }
        if chunk.progress == .finished { stream.end() } else { open?.stream = stream }
        send(chunk.bytes, chunk.progress, context)
    }

    /// - Parameter length: of the body; nil has it framed as it comes.
    private func makeHead(length: Int?) {
        guard var answer = open else { return }
        let response = answer.response
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: response.contentType)
        for (name, value) in response.headers { headers.add(name: name, value: value) }
        if let length {
            if response.status != 304 && response.status != 204 {
                headers.add(name: "Content-Length", value: "\(length)")
            }
        } else if answer.head.version == .http1_0 {
            // It knows no chunks: the end of the connection ends the body.
            answer.closes = true
        }
        if answer.closes, answer.head.version.major == 1 { headers.add(name: "Connection", value: "close") }
        answer.pendingHead = HTTPResponseHead(
            version: answer.head.version, status: HTTPResponseStatus(statusCode: response.status), headers: headers)
        answer.hasHead = true
        open = answer
    }

    /// Writes a chunk, and goes on with `progress` when it is gone.
    private func send(_ bytes: ByteBuffer, _ progress: BodyProgress, _ context: ChannelHandlerContext) {
        if open?.isEndless == true { startDeadline(times.event, context) }
        let written = context.eventLoop.makePromise(of: Void.self)
        let number = answerNumber
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        written.futureResult.whenSuccess {
            // Not from within the write: other connections may be waiting, and so may the next request.
            bound.eventLoop.execute {
                let (handler, context) = bound.value
                if number == handler.answerNumber { handler.went(on: progress, number, context) }
            }
        }
        let head = open?.pendingHead.take().map { wrapOutboundOut(.head($0)) }
        if bytes.readableBytes > 0 {
            if let head { context.write(head, promise: nil) }
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: written)
        } else if let head {
            context.writeAndFlush(head, promise: written)
        } else {
            written.succeed(())
        }
    }

    private func went(on progress: BodyProgress, _ number: Int, _ context: ChannelHandlerContext) {
        switch progress {
        case .more: pull(context)
        case .finished: finish(context)
        case .failed: break
        case .idle:
            // Nothing is owed to the client, nor by it.
            if open?.isEndless == true { stopDeadline() }
            guard let stream = open?.stream else { return }
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            stream.whenReady {
                bound.eventLoop.execute {
                    let (handler, context) = bound.value
                    if number == handler.answerNumber { handler.pull(context) }
                }
            }
        }
    }

    /// Lets the next pipelined request be answered, once the client has taken this answer: one that asks and asks and
    /// never reads makes us hold one answer, and occupies nobody else's loop.
    private func finish(_ context: ChannelHandlerContext) {
        guard let answer = leave() else { return }
        stopDeadline()
        guard context.channel.isActive else { return }
        // A stream of HTTP/2 has had its one request. The next one of a connection may come with this write.
        if !answer.closes, answer.head.version.major == 1 { startDeadline(times.idle, context) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        if answer.closes { context.close(promise: nil) }
    }
}

extension ResponseBody {
    /// Nobody will read it.
    func drop() {
        if case .stream(let stream) = self { stream.end() }
    }
}
