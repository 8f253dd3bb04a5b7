// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Synchronization
import TLS

/// All pods as they were at one moment, or almost.
struct DetailReport: Sendable {
    var pods: [PodState] = []
    /// Containers that were left out because there are too many.
    var leftOut = 0
    /// When the last of them was read.
    var end = Deadline.after(.zero)
    /// What the reading itself took; sweeps in between are not part of it.
    var duration: Duration = .zero
}

/// Lets the endpoint have the containers' figures, which only the sampling thread can read: the endpoint asks, the
/// sampling thread reads between two sweeps, pod by pod. A sweep waits for one pod at most.
final class DetailCollector: Sendable {
    /// Raised for the sampling thread.
    let request: EventSignal
    /// Raised when there is a report.
    private let done: EventSignal

    private struct State {
        var isWanted = false
        var latest: DetailReport?
    }

    private let state = Mutex(State())

    init(done: EventSignal) throws(SystemFailure) {
        request = try EventSignal()
        self.done = done
    }

    // MARK: The endpoint's side

    /// The newest report that is not older than `freshness`. nil: one is on its way, and one at a time.
    func report(freshness: Duration) -> DetailReport? {
        let (report, isNew) = state.withLock { state -> (DetailReport?, Bool) in
            if let latest = state.latest, latest.end.overdue <= freshness { return (latest, false) }
            // What nobody will look at any more need not be kept.
            state.latest = nil
            defer { state.isWanted = true }
            return (nil, !state.isWanted)
        }
        if isNew { request.raise() }
        return report
    }

    // MARK: The sampling thread's side

    var isWanted: Bool { state.withLock { $0.isWanted } }

    func finish(_ report: DetailReport) {
        state.withLock { state in
            state.latest = report
            state.isWanted = false
        }
        done.raise()
    }
}

/// The sampling thread's part of it: what was read so far.
struct DetailWork {
    private var report = DetailReport()
    private var pods: [LivePod]
    private var next = 0
    private var containers = 0

    /// What the page has.
    private static let parts: CgroupDetails.Parts = [
        .cpuLimit, .throttling, .memoryLimit, .swap, .outOfMemory, .pressure,
    ]

    init(_ sampler: NodeSampler) { pods = sampler.livePods }

    /// Reads one pod.
    /// - Returns: whether it was the last.
    mutating func step(_ sampler: NodeSampler) -> Bool {
        let start = Deadline.after(.zero)
        if next < pods.count {
            if let state = sampler.state(of: pods[next], Self.parts) {
                if containers + state.containers.count <= EndpointLimits.containers {
                    containers += state.containers.count
                    report.pods.append(state)
                } else {
                    report.leftOut += state.containers.count
                }
            }
            next += 1
        }
        report.duration += start.overdue
        return next >= pods.count
    }

    consuming func finish() -> DetailReport {
        report.end = .after(.zero)
        return report
    }
}
