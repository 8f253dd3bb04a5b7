// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization

/// Sees whether every event loop still turns: the one thing that liveness asks for.
final class LoopHeartbeat: Sendable {
    static let interval: TimeAmount = .seconds(1)
    /// Far longer than any answer may keep a loop busy.
    static let limit: TimeAmount = .seconds(30)

    private let beats: Mutex<[NIODeadline]>
    private let limit: TimeAmount

    init(groups: any EventLoopGroup..., limit: TimeAmount = LoopHeartbeat.limit) {
        self.limit = limit
        let loops = groups.flatMap { Array($0.makeIterator()) }
        beats = Mutex([NIODeadline](repeating: .now(), count: loops.count))
        for (index, loop) in loops.enumerated() {
            loop.scheduleRepeatedTask(initialDelay: .zero, delay: Self.interval) { [weak self] task in
                guard let self else { return task.cancel() }
                self.beats.withLock { $0[index] = .now() }
            }
        }
    }

    var check: HealthCheck {
        HealthCheck(name: "event-loops") { [weak self] in
            guard let self else { return nil }
            let oldest = self.beats.withLock { $0.min() } ?? .now()
            let silence = NIODeadline.now() - oldest
            guard silence > self.limit else { return nil }
            return "an event loop has not turned for \(silence.nanoseconds / 1_000_000_000) s"
        }
    }
}
