// SPDX-License-Identifier: Apache-2.0
import Console
import Logging
import MetricsAPI
import Synchronization

/// All watches of the process. Each selection is looked up once for all who watch it, regularly, and only while somebody does
/// or did a moment ago.
///
/// The hub makes snapshots and wakes; what a client is told is worked out by its own `WatchStream`, on the event loop that sends it.
final class WatchHub: WatchService {
    let metrics = WatchMetrics()
    private let source: any MetricsSource
    private let times: WatchTimes
    private let bounds: WatchBounds
    private let clock: @Sendable () -> WatchMoment
    private let ticker: WatchTicker?
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var feeds: [WatchScope: SelectionFeed] = [:]
        var lists = RecentLists()
        var isEnding = false

        var isUseless: Bool { feeds.isEmpty && lists.isEmpty }
    }

    /// - Parameter ticker: nil: somebody else calls `tick`.
    init(
        source: any MetricsSource, times: WatchTimes = WatchTimes(), bounds: WatchBounds = WatchBounds(),
        clock: @escaping @Sendable () -> WatchMoment = WatchHub.now, ticker: WatchTicker?, logger: Logger
    ) {
        self.source = source
        self.times = times
        self.bounds = bounds
        self.clock = clock
        self.ticker = ticker
        self.logger = logger
    }

    // MARK: WatchService

    func open(_ request: WatchRequest) -> (any BodyStream)? {
        let scope = WatchScope(kind: request.kind, selection: request.selection)
        let now = clock()
        // Outside of the lock: it may look at an index.
        let expected = source.size(of: scope.kind, scope.selection)
        let opened = state.withLock { state -> (watcher: Watcher, isNew: Bool)? in
            if state.isEnding { return nil }
            let known = state.lists.list(of: scope, for: request.options.start)
            let isNew = state.feeds[scope] == nil
            if isNew {
                let rows = state.feeds.values.reduce(0) { $0 + $1.rows }
                guard rows == 0 || rows + expected <= bounds.rows else { return nil }
            }
            let feed = state.feeds[scope] ?? SelectionFeed(scope, known: known)
            state.feeds[scope] = feed
            let watcher = Watcher(
                WatchStream(request, known: known, now: now, random: .random(in: 0..<1)), of: feed, clock: clock,
                leave: { [weak self] in self?.leave($0, feed) })
            feed.add(watcher)
            metrics.open.add(1, ordering: .relaxed)
            return (watcher, isNew)
        }
        guard let opened else {
            metrics.refused.add(1, ordering: .relaxed)
            return nil
        }
        metrics.started.add(1, ordering: .relaxed)
        startTicker()
        if opened.isNew { ticker?.kick() }
        return opened.watcher
    }

    func served(_ snapshot: FiguresSnapshot, of selection: Selection) {
        let scope = WatchScope(kind: snapshot.list.kind, selection: selection)
        let until = clock().uptime + times.list
        state.withLock { $0.lists.add(snapshot, of: scope, until: until, bounds: bounds) }
        startTicker()
    }

    private func leave(_ watcher: Watcher, _ feed: SelectionFeed) {
        dropIfSlow(watcher, clock().uptime)
        if feed.remove(watcher, now: clock().uptime) { metrics.open.subtract(1, ordering: .relaxed) }
    }

    // MARK: Ticks

    private func startTicker() {
        ticker?.start { [weak self] in self?.tick() }
    }

    /// Looks up what is watched, wakes who has something to be told, gives up on who is too slow. One call at a time.
    func tick() {
        let now = clock()
        let feeds = state.withLock { state in
            state.lists.expire(now: now.uptime)
            return Array(state.feeds.values)
        }
        for feed in feeds {
            switch feed.plan(now.uptime, times, bounds) {
            case .look: feed.publish(look(feed.scope), now: now.uptime)
            case .wait: break
            case .forget: forget(feed)
            }
            attend(to: feed)
        }
        forgetExcess()
        let isUseless = state.withLock { $0.isUseless }
        if isUseless {
            ticker?.stop()
            // Somebody may have come in between.
            if !state.withLock({ $0.isUseless }) { startTicker() }
        }
    }

    private func look(_ scope: WatchScope) -> FiguresSnapshot {
        // Before the look, so that what comes during it counts as newer.
        let version = clock().version
        let list =
            switch scope.kind {
            case .nodes: source.nodes(scope.selection)
            case .pods: source.pods(scope.selection)
            }
        return FiguresSnapshot(list, version: version)
    }

    private func attend(to feed: SelectionFeed) {
        let now = clock()
        let current = feed.current
        for watcher in feed.watchers {
            if dropIfSlow(watcher, now.uptime) { leave(watcher, feed) } else { watcher.wakeIfDue(current, now) }
        }
    }

    /// - Returns: whether it was.
    @discardableResult
    private func dropIfSlow(_ watcher: Watcher, _ now: ContinuousClock.Instant) -> Bool {
        guard watcher.dropIfSlow(now, times) else { return false }
        metrics.droppedSlow.add(1, ordering: .relaxed)
        logger.warning(
            "a watch's client is too slow; cut off",
            metadata: [
                "resource": "\(watcher.scope.kind)", "namespace": "\(watcher.scope.selection.namespace ?? "all")",
            ])
        return true
    }

    private func forget(_ feed: SelectionFeed) {
        state.withLock { state in
            // Under the lock that watches are opened under.
            if feed.unwatchedSince != nil { state.feeds[feed.scope] = nil }
        }
    }

    /// Those that nobody has watched for the longest time go first.
    private func forgetExcess() {
        state.withLock { state in
            let unwatched = state.feeds.values
                .compactMap { feed in feed.unwatchedSince.map { (feed: feed, since: $0) } }
                .sorted { $0.since > $1.since }
            var rows = 0
            for (place, entry) in unwatched.enumerated() {
                rows += entry.feed.rows
                if place >= bounds.lingering || rows > bounds.lingeringRows { state.feeds[entry.feed.scope] = nil }
            }
        }
    }

    // MARK: The end

    /// Ends all watches in order, and waits for that for a moment. No more are opened.
    func shutdown() async {
        let feeds = state.withLock { state in
            state.isEnding = true
            return Array(state.feeds.values)
        }
        for feed in feeds { for watcher in feed.watchers { watcher.finish() } }
        let deadline = ContinuousClock.now + times.shutdown
        while metrics.open.load(ordering: .relaxed) > 0, ContinuousClock.now < deadline {
            do { try await Task.sleep(for: .milliseconds(10)) } catch { break }
        }
        ticker?.stop()
    }
}

extension RecentLists {
    /// The list that a watch goes on from, if it goes on from one that is kept.
    func list(of scope: WatchScope, for start: WatchOptions.Start) -> FiguresSnapshot? {
        guard case .since(let version) = start else { return nil }
        return list(of: scope, version: version)
    }
}

extension WatchHub {
    /// The clocks of this machine.
    static func now() -> WatchMoment { WatchMoment(unixNanoseconds: LogLine.now(), uptime: .now) }
}
