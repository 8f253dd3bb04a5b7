// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization

/// Bounds how many requests are under way; some more wait in line, each until its deadline.
final class RequestSlots: Sendable {
    private struct State {
        var free: Int
        var line: [(id: UInt64, promise: EventLoopPromise<Void>)] = []
        var nextID: UInt64 = 0
        var isClosed = false
    }

    private let state: Mutex<State>
    private let longestLine: Int

    init(count: Int, longestLine: Int) {
        state = Mutex(State(free: count))
        self.longestLine = longestLine
    }

    private enum Entry {
        case now
        case wait(UInt64)
        case refused(ExchangeFailure)
    }

    /// How many are in line.
    var waiting: Int { state.withLock { $0.line.count } }

    /// Waits for a slot; the caller gives it back with ``release()``.
    func acquire(until deadline: NIODeadline, on loop: any EventLoop) async throws(ExchangeFailure) {
        let promise = loop.makePromise(of: Void.self)
        let entry: Entry = state.withLock { state in
            if state.isClosed { return .refused(ExchangeFailure(.cancelled, "the client is shut down")) }
            if state.free > 0 {
                state.free -= 1
                return .now
            }
            guard state.line.count < longestLine else {
                return .refused(
                    ExchangeFailure(
                        .tooManyRequests, "\(longestLine) requests are waiting already; is the server slow?"))
            }
            state.nextID += 1
            state.line.append((state.nextID, promise))
            return .wait(state.nextID)
        }
        switch entry {
        case .now: promise.succeed(())
        case .refused(let failure): promise.fail(failure)
        case .wait(let id):
            let timer = loop.scheduleTask(deadline: deadline) {
                self.leave(id, ExchangeFailure(.timedOut, "waited in line behind other requests"))
            }
            promise.futureResult.whenComplete { _ in timer.cancel() }
            await withTaskCancellationHandler {
                _ = try? await promise.futureResult.get()
            } onCancel: {
                leave(id, ExchangeFailure(.cancelled, "cancelled"))
            }
        }
        do {
            try await promise.futureResult.get()
        } catch {
            throw error as? ExchangeFailure ?? ExchangeFailure(.unreachable, "\(error)")
        }
    }

    func release() {
        let next = state.withLock { state -> EventLoopPromise<Void>? in
            if state.line.isEmpty {
                state.free += 1
                return nil
            }
            return state.line.removeFirst().promise
        }
        next?.succeed(())
    }

    /// Everybody in line fails, and nobody gets in any more.
    func close() {
        let line = state.withLock { state in
            state.isClosed = true
            let line = state.line
            state.line = []
            return line
        }
        for (_, promise) in line { promise.fail(ExchangeFailure(.cancelled, "the client is shut down")) }
    }

    private func leave(_ id: UInt64, _ failure: ExchangeFailure) {
        let promise = state.withLock { state -> EventLoopPromise<Void>? in
            guard let index = state.line.firstIndex(where: { $0.id == id }) else { return nil }
            return state.line.remove(at: index).promise
        }
        promise?.fail(failure)
    }
}
