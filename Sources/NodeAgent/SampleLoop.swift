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
    /// Where to tell how sweeps went; nil: nobody asks.
    var board: SamplerBoard?
    /// Who wants to know more than sweeps read; nil: nobody.
    var details: DetailCollector?

    /// Returns after the signal, with one last sweep published.
    func run() {
        var problem: String?
        // Before the first listings.
        let births = sampler.watchBirths()
        var work: DetailWork?
        sweep(&problem)
        wait(until: .after(min(Self.firstPause, interval)), &work)
        // Ticks are counted from here: a late one does not push the others back.
        var tick = Deadline.after(.zero)
        while !signals.isRaised {
            var hasNewborn = sweep(&problem)
            tick = tick.advanced(by: interval)
            if tick.hasPassed { tick = Deadline.after(interval) }
            var early = EarlySweeps()
            // One that was seen too young for a rate is looked at again soon, without any news of it.
            while early.areLeft, hasNewborn || isBorn(births, before: tick, &work) {
                guard let moment = early.born(nextTick: tick) else { break }
                wait(until: moment, &work)
                births?.drain()
                if signals.isRaised { break }
                hasNewborn = sweep(&problem)
            }
            wait(until: tick, &work)
            births?.drain()
        }
        sweep(&problem)
    }

    /// - Parameter problem: what was last complained of, so that it is logged when it changes.
    /// - Returns: whether it saw a container for the first time that was made since the sweep before.
    @discardableResult
    private func sweep(_ problem: inout String?) -> Bool {
        var current: String?
        var hasNewborn = false
        var hasFailed = false
        do {
            let changes = try sampler.sweep()
            hasNewborn = changes.appeared.contains { sampler.slots[$0]?.wasBorn == true }
            let problems = sampler.problems
            if !problems.isEmpty { current = problems.map { "\($0)" }.joined(separator: "; ") }
            try feed.publish { encoder in SweepEncoding.encode(changes, of: sampler, into: &encoder) }
        } catch {
            current = "\(error)"
            hasFailed = true
        }
        board?.swept(sampler, failed: hasFailed)
        if current != problem {
            if let current {
                log.warning("cannot read everything", ("reason", current))
            } else {
                log.info("everything can be read again")
            }
        }
        problem = current
        return hasNewborn
    }

    private func wait(until deadline: Deadline, _ work: inout DetailWork?) {
        _ = wait(for: nil, until: deadline, &work)
    }

    /// Whether something was made before the deadline, and no signal came.
    private func isBorn(_ births: BirthWatch?, before deadline: Deadline, _ work: inout DetailWork?) -> Bool {
        guard let births else { return false }
        return wait(for: births.descriptor, until: deadline, &work) && !signals.isRaised
    }

    /// Returns at the deadline, at a signal, or when the descriptor is readable: then true. Until then it does what the
    /// endpoint asks for.
    private func wait(for descriptor: Int32?, until deadline: Deadline, _ work: inout DetailWork?) -> Bool {
        while !signals.isRaised, !deadline.hasPassed {
            let isBusy = isAtWork(&work)
            // A descriptor below 0 is passed over.
            var entries: InlineArray<3, pollfd> = [
                pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: descriptor ?? -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: details?.request.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            var span = entries.mutableSpan
            _ = unsafe span.withUnsafeMutableBufferPointer {
                unsafe poll($0.baseAddress, 3, isBusy ? 0 : deadline.remainingMilliseconds)
            }
            if entries[1].revents != 0 { return true }
            if entries[0].revents != 0 { return false }
            if entries[2].revents != 0 { details?.request.drain() }
        }
        return false
    }

    /// Does a small part of what the endpoint asks for, so that the next sweep is hardly late for it.
    /// - Returns: whether there was something to do.
    private func isAtWork(_ work: inout DetailWork?) -> Bool {
        guard let details else { return false }
        if work == nil {
            guard details.isWanted else { return false }
            work = DetailWork(sampler)
        }
        if work?.step(sampler) == true, let done = work.take() { details.finish(done.finish()) }
        return true
    }
}
