// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization

/// How much the API side takes on at a time. What is over a bound is refused with 429 at once, so that the rest, and the
/// agents on the same event loops, are served as ever.
final class Admission: Sendable {
    struct Limits: Sendable {
        /// Requests at work or with answers that are not taken yet (`--max-requests-inflight`); 0: any number.
        var requests = 400
        /// Watches (`--max-watches`), which are not among the requests; 0: any number.
        var watches = 1_000
        /// Large lists being made or sent. Each may hold the figures of a whole cluster, some 20 MB.
        var largeLists = 8
        /// Large lists that wait for their turn.
        var waitingLists = 64
    }

    enum Work: String, CaseIterable, Sendable {
        case request, watch
        case largeList = "large_list"
    }

    /// Somebody's place; free again when it is released or forgotten.
    final class Place: Sendable {
        private let admission: Admission
        private let work: Work
        private let isHeld = Atomic<Bool>(true)

        fileprivate init(_ admission: Admission, _ work: Work) {
            self.admission = admission
            self.work = work
        }

        deinit { release() }

        func release() {
            if isHeld.exchange(false, ordering: .acquiringAndReleasing) { admission.left(work) }
        }
    }

    private struct State {
        var held: [Work: Int] = [:]
        var refused: [Work: Int] = [:]
        var waiting: CircularBuffer<(promise: EventLoopPromise<Place?>, life: RequestLife)> = []
    }

    private let limits: Limits
    private let state = Mutex(State())

    init(_ limits: Limits = Limits()) {
        self.limits = limits
    }

    private func limit(_ work: Work) -> Int {
        switch work {
        case .request: limits.requests
        case .watch: limits.watches
        case .largeList: limits.largeLists
        }
    }

    /// nil: there is no place, and that is counted.
    func enter(_ work: Work) -> Place? {
        let limit = limit(work)
        let isIn = state.withLock { state in
            let isIn = limit == 0 || state.held[work, default: 0] < limit
            if isIn { state.held[work, default: 0] += 1 } else { state.refused[work, default: 0] += 1 }
            return isIn
        }
        return isIn ? Place(self, work) : nil
    }

    /// A large list's place, perhaps after a while; nil when too many wait already, or `life` has ended meanwhile.
    func largeList(for life: RequestLife, on eventLoop: any EventLoop) -> EventLoopFuture<Place?> {
        enum Outcome { case place, wait, refusal }
        let promise = eventLoop.makePromise(of: Place?.self)
        let (outcome, gone) = state.withLock { state -> (Outcome, [EventLoopPromise<Place?>]) in
            if limits.largeLists == 0 || state.held[.largeList, default: 0] < limits.largeLists {
                state.held[.largeList, default: 0] += 1
                return (.place, [])
            }
            var gone: [EventLoopPromise<Place?>] = []
            if state.waiting.count >= limits.waitingLists {
                gone = state.waiting.filter(\.life.isOver).map(\.promise)
                state.waiting.removeAll(where: \.life.isOver)
            }
            guard state.waiting.count < limits.waitingLists else {
                state.refused[.largeList, default: 0] += 1
                return (.refusal, gone)
            }
            state.waiting.append((promise, life))
            return (.wait, gone)
        }
        for promise in gone { promise.succeed(nil) }
        switch outcome {
        case .place: promise.succeed(Place(self, .largeList))
        case .refusal: promise.succeed(nil)
        case .wait: break
        }
        return promise.futureResult
    }

    private func left(_ work: Work) {
        var gone: [EventLoopPromise<Place?>] = []
        let next = state.withLock { state -> EventLoopPromise<Place?>? in
            if work == .largeList {
                while let (promise, life) = state.waiting.popFirst() {
                    // The place goes over; the count stays.
                    if !life.isOver { return promise }
                    gone.append(promise)
                }
            }
            state.held[work, default: 0] -= 1
            return nil
        }
        for promise in gone { promise.succeed(nil) }
        next?.succeed(Place(self, work))
    }

    // MARK: Figures

    var held: [(work: Work, count: Int)] {
        state.withLock { state in Work.allCases.map { ($0, state.held[$0, default: 0]) } }
    }

    var refused: [(work: Work, count: Int)] {
        state.withLock { state in Work.allCases.map { ($0, state.refused[$0, default: 0]) } }
    }
}

/// Whether anybody still waits for the answer to a request.
final class RequestLife: Sendable {
    private let over = Atomic<Bool>(false)

    var isOver: Bool { over.load(ordering: .acquiring) }
    func end() { over.store(true, ordering: .releasing) }
}

/// Nobody waits for this answer any more.
struct RequestAbandoned: Error {}
