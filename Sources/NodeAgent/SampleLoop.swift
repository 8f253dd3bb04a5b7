// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console
import Glibc
import TLS

/// The sampling thread: sweeps on time until a signal ends it.
struct SampleLoop {
    /// The second sweep comes early, so that there are rates a second after the start, not an interval after it.
    static let firstPause: Duration = .seconds(1)

    let sampler: NodeSampler
    let feed: FrameFeed
    let interval: Duration
    let log: AgentLog
    let signals: SignalDescriptor

    /// Returns after the signal, with one last sweep published.
    func run() {
        var problem: String?
        sweep(&problem)
        wait(until: .after(min(Self.firstPause, interval)))
        // Ticks are counted from here: a late one does not push the others back.
        var tick = Deadline.after(.zero)
        while !signals.isRaised {
            sweep(&problem)
            tick = tick.advanced(by: interval)
            if tick.hasPassed { tick = Deadline.after(interval) }
            wait(until: tick)
        }
        sweep(&problem)
    }

    /// - Parameter problem: what was last complained of, so that it is logged when it changes.
    private func sweep(_ problem: inout String?) {
        var current: String?
        do {
            let changes = try sampler.sweep()
            let problems = [sampler.kubepodsProblem, sampler.namesProblem].compactMap { $0.map { "\($0)" } }
            if !problems.isEmpty { current = problems.joined(separator: "; ") }
            try feed.publish { encoder in SweepEncoding.encode(changes, of: sampler, into: &encoder) }
        } catch {
            current = "\(error)"
        }
        if current != problem {
            if let current {
                log.warning("cannot read everything", ("reason", current))
            } else {
                log.info("everything can be read again")
            }
        }
        problem = current
    }

    private func wait(until deadline: Deadline) {
        while !signals.isRaised, !deadline.hasPassed {
            var entry = pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0)
            if unsafe poll(&entry, 1, deadline.remainingMilliseconds) > 0 { return }
        }
    }
}
