// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import NIOCore
import NIOPosix
import Synchronization

/// Has a step done regularly, off the event loops, for as long as somebody wants it.
///
/// A step that takes long is followed by four times as long a pause: it never takes more than a fifth of one core.
final class WatchTicker: Sendable {
    private let eventLoop: any EventLoop
    private let pool: NIOThreadPool
    private let state = Mutex(State())

    private struct State {
        var task: RepeatedTask?
        var step: (@Sendable () -> Void)?
        var isRunning = false
        /// Somebody asked while a step was running.
        var isWanted = false
        var notBefore = NIODeadline.distantPast
    }

    static let pauseFactor: Int64 = 4

    init(eventLoop: any EventLoop, pool: NIOThreadPool = .singleton) {
        self.eventLoop = eventLoop
        self.pool = pool
    }

    /// Goes on until `stop`. Does nothing when it goes on already.
    func start(_ step: @escaping @Sendable () -> Void) {
        let interval = TimeAmount(WatchLimits.tick)
        state.withLock { state in
            guard state.task == nil else { return }
            state.step = step
            state.task = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
                self.run(isAsked: false)
            }
        }
    }

    /// One step now, or after the one that is being done.
    func kick() { run(isAsked: true) }

    func stop() {
        let task = state.withLock { state in
            state.step = nil
            return state.task.take()
        }
        task?.cancel()
    }

    private func run(isAsked: Bool) {
        let step = state.withLock { state -> (@Sendable () -> Void)? in
            if state.isRunning {
                state.isWanted = state.isWanted || isAsked
                return nil
            }
            guard let step = state.step, isAsked || NIODeadline.now() >= state.notBefore else { return nil }
            state.isRunning = true
            return step
        }
        guard let step else { return }
        pool.submit { work in
            let begun = NIODeadline.now()
            if work == .active { step() }
            let ended = NIODeadline.now()
            let again = self.state.withLock { state in
                state.isRunning = false
                state.notBefore = ended + (ended - begun) * Self.pauseFactor
                defer { state.isWanted = false }
                return state.isWanted && work == .active
            }
            if again { self.run(isAsked: true) }
        }
    }
}
