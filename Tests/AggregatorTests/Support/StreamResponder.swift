// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import NIOCore
import Synchronization

@testable import Aggregator

/// Answers every request with the same stream.
struct StreamResponder: Responder {
    let stream: any BodyStream
    var admission = Admission()

    func admit(_ request: APIRequest) -> Entrance {
        guard let place = admission.enter(.request) else {
            return .refused(APIResponse(status: 429, contentType: "text/plain", headers: [], body: []))
        }
        return .open(place)
    }

    func respond(
        to request: APIRequest, credentials: RequestCredentials, life: RequestLife, on eventLoop: any EventLoop
    ) -> EventLoopFuture<APIResponse> {
        eventLoop.makeSucceededFuture(APIResponse(contentType: "text/plain", headers: [], stream: stream))
    }

    func refuseBody(of request: APIRequest, limitBytes: Int) -> APIResponse {
        APIResponse(status: 413, contentType: "text/plain", headers: [], body: [])
    }
}

/// A body of `total` bytes in chunks of `piece`, which tells how far it was asked for.
struct CountingStream: BodyStream {
    /// What the stream's copies share.
    final class Watcher: Sendable {
        private let state = Mutex((made: 0, ends: 0, calls: 0))
        var made: Int { state.withLock { $0.made } }
        var ends: Int { state.withLock { $0.ends } }
        var calls: Int { state.withLock { $0.calls } }
        fileprivate func made(_ count: Int) {
            state.withLock {
                $0.made += count
                $0.calls += 1
            }
        }
        fileprivate func ended() { state.withLock { $0.ends += 1 } }
    }

    let total: Int
    var piece = 64 << 10
    var tellsLength = false
    var isHeavy = false
    let watcher = Watcher()
    private var at = 0

    init(total: Int, piece: Int = 64 << 10, tellsLength: Bool = false, isHeavy: Bool = false) {
        self.total = total
        self.piece = piece
        self.tellsLength = tellsLength
        self.isHeavy = isHeavy
    }

    var length: Int? { tellsLength ? total : nil }

    mutating func next(into out: inout ByteWriter) -> BodyProgress {
        let count = min(piece, total - at)
        out.append([UInt8](repeating: UInt8(ascii: "x"), count: count))
        at += count
        watcher.made(count)
        return at == total ? .finished : .more
    }

    func end() { watcher.ended() }
}

/// A body that somebody else writes while it is sent, as a watch's.
struct FedStream: BodyStream {
    final class Source: Sendable {
        private struct State {
            var bytes: [UInt8] = []
            var isFinished = false
            var wake: (@Sendable () -> Void)?
            var ends = 0
        }
        private let state = Mutex(State())

        func feed(_ text: String, thenFinish: Bool = false) {
            let wake = state.withLock { state in
                state.bytes += Array(text.utf8)
                state.isFinished = state.isFinished || thenFinish
                return state.wake.take()
            }
            wake?()
        }

        var isWaitedFor: Bool { state.withLock { $0.wake != nil } }
        var ends: Int { state.withLock { $0.ends } }

        fileprivate func take() -> (bytes: [UInt8], isFinished: Bool) {
            state.withLock { state in
                defer { state.bytes = [] }
                return (state.bytes, state.isFinished)
            }
        }

        fileprivate func whenReady(_ wake: @escaping @Sendable () -> Void) {
            let isReady = state.withLock { state in
                let isReady = !state.bytes.isEmpty || state.isFinished
                state.wake = isReady ? nil : wake
                return isReady
            }
            if isReady { wake() }
        }

        fileprivate func end() { state.withLock { $0.ends += 1 } }
    }

    let source = Source()
    let isEndless = true

    mutating func next(into out: inout ByteWriter) -> BodyProgress {
        let (bytes, isFinished) = source.take()
        out.append(bytes)
        return isFinished ? .finished : bytes.isEmpty ? .idle : .more
    }

    func whenReady(_ wake: @escaping @Sendable () -> Void) { source.whenReady(wake) }

    func end() { source.end() }
}
