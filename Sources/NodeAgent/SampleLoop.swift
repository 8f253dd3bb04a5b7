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
        // Before the first listings.
        let births = sampler.watchBirths()
        sweep(&problem)
        wait(until: .after(min(Self.firstPause, interval)))
        // Ticks are counted from here: a late one does not push the others back.
        var tick = Deadline.after(.zero)
        while !signals.isRaised {
            sweep(&problem)
            tick = tick.advanced(by: interval)
            if tick.hasPassed { tick = Deadline.after(interval) }
            var early = EarlySweeps()
            while let births, early.areLeft, isBorn(births, before: tick) {
                guard let moment = early.born(nextTick: tick) else { break }
                wait(until: moment)
                births.drain()
                if !signals.isRaised { sweep(&problem) }
            }
            wait(until: tick)
            births?.drain()
        }
        sweep(&problem)
    }

    /// - Parameter problem: what was last complained of, so that it is logged when it changes.
    private func sweep(_ problem: inout String?) {
        var current: String?
        do {
            let changes = try sampler.sweep()
            let problems = sampler.problems
            if !problems.isEmpty { current = problems.map { "\($0)" }.joined(separator: "; ") }
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
        _ = wait(for: nil, until: deadline)
    }

    /// Whether something was made before the deadline, and no signal came.
    private func isBorn(_ births: BirthWatch, before deadline: Deadline) -> Bool {
        wait(for: births.descriptor, until: deadline) && !signals.isRaised
    }

    /// Returns at the deadline, at a signal, or when the descriptor is readable: then true.
    private func wait(for descriptor: Int32?, until deadline: Deadline) -> Bool {
        while !signals.isRaised, !deadline.hasPassed {
            var entries = [pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0)]
            if let descriptor { entries.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)) }
            let count = nfds_t(entries.count)
            if unsafe poll(&entries, count, deadline.remainingMilliseconds) > 0 {
                return entries.last?.fd == descriptor
            }
        }
        return false
    }
}
