// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console
import Synchronization
import TLS

/// What is known of the sampling thread from outside.
struct SamplerFigures: Sendable {
    var statistics = SweepStatistics()
    /// Sweeps that could read nothing at all, or that could not be encoded.
    var failedSweeps: UInt64 = 0
    var durations = SweepDurations()
    /// When the last one ended, whatever came of it.
    var lastSweep: Deadline?
    var containers = ContainerCounts()
    var isKubepodsFound = true
    var hasNamesProblem = false
    var mode = ""
}

/// Containers by what is known of them.
struct ContainerCounts: Equatable, Sendable {
    var apps = 0
    var sandboxes = 0
    var pending = 0
    var named = 0
    /// Without the sandboxes, which have no name of their own.
    var unnamed = 0
}

/// How many sweeps took how long.
struct SweepDurations: Sendable {
    /// A sweep of 250 containers takes some milliseconds; one that takes a second hurts an interval of one.
    static let boundsSeconds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

    private(set) var counts = [Int](repeating: 0, count: boundsSeconds.count + 1)
    private(set) var sumNanoseconds: UInt64 = 0

    mutating func observe(nanoseconds: UInt64) {
        let seconds = Double(nanoseconds) / 1e9
        counts[Self.boundsSeconds.firstIndex { seconds <= $0 } ?? Self.boundsSeconds.count] += 1
        sumNanoseconds &+= nanoseconds
    }
}

/// Where the sampling thread says after each sweep how it went.
final class SamplerBoard: Sendable {
    /// A sweep that is late by less may only have met a busy machine.
    static let least: Duration = .seconds(30)

    /// A sweep must end within this time of the one before.
    let limit: Duration
    private let interval: Duration
    private let start = Deadline.after(.zero)
    private let figures = Mutex(SamplerFigures())

    init(interval: Duration, least: Duration = SamplerBoard.least) {
        self.interval = interval
        limit = max(interval * 3, least)
    }

    var now: SamplerFigures { figures.withLock { $0 } }

    /// Called by the sampling thread.
    /// - Parameter failed: nothing of it could be pushed.
    func swept(_ sampler: NodeSampler, failed: Bool) {
        var containers = ContainerCounts()
        for case let record? in sampler.slots {
            switch record.role {
            case .app: containers.apps += 1
            case .sandbox: containers.sandboxes += 1
            case .pending: containers.pending += 1
            }
            if record.name != nil { containers.named += 1 } else if record.role != .sandbox { containers.unnamed += 1 }
        }
        let statistics = sampler.statistics
        figures.withLock { figures in
            figures.statistics = statistics
            if failed { figures.failedSweeps += 1 }
            figures.durations.observe(nanoseconds: statistics.lastSweepNanoseconds)
            figures.lastSweep = .after(.zero)
            figures.containers = containers
            figures.isKubepodsFound = sampler.kubepodsProblem == nil
            figures.hasNamesProblem = sampler.namesProblem != nil
            figures.mode = sampler.mode.text
        }
    }

    /// Why the agent is not at work; nil: it is.
    var problem: String? {
        let last = now.lastSweep
        let age = (last ?? start).overdue
        if age <= limit { return nil }
        let what = last == nil ? "no sweep has ended since the start" : "the last sweep ended"
        let due =
            "one is due every \(DurationFlag.format(interval)), and at the latest after \(DurationFlag.format(limit))"
        return "\(what) \(age.components.seconds) s ago; \(due)"
    }
}
