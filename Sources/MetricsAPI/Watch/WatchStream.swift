// SPDX-License-Identifier: Apache-2.0

/// The time of an event: by the wall clock, which clients see, and by one that never steps, which deadlines go by.
public struct WatchMoment: Sendable {
    public var unixNanoseconds: Int64
    public var uptime: ContinuousClock.Instant

    public init(unixNanoseconds: Int64, uptime: ContinuousClock.Instant) {
        self.unixNanoseconds = unixNanoseconds
        self.uptime = uptime
    }

    /// As a resourceVersion.
    public var version: UInt64 { ResourceVersion.at(unixNanoseconds: self.unixNanoseconds) }
}

/// One watch: what its client knows, and what it is told next. Bytes are made when they are asked for, and no sooner.
///
/// While a client is still taking one look's worth of events, newer looks wait; it is then told of the newest only. So it costs two
/// snapshots, whatever it does.
public struct WatchStream: Sendable {
    public enum Progress: Sendable, Equatable {
        /// There is more to say now.
        case more
        /// Until there is a newer snapshot, or `isDue`.
        case idle
        case finished
    }

    private enum State: Sendable {
        case starting(WatchOptions.Start)
        case walking(SnapshotWalk, isFirst: Bool, since: ContinuousClock.Instant)
        /// The client knows all of it.
        case told(FiguresSnapshot)
        case ended
    }

    private let options: WatchOptions
    private let deadline: ContinuousClock.Instant
    private var state: State
    private var encoder: WatchEventEncoder
    private var nextBookmark: ContinuousClock.Instant
    private var isEnding = false

    /// - Parameters:
    ///   - known: what the client knows, where that is known exactly: the list that its version is of.
    ///   - random: in 0..<1, for the lifetime.
    public init(_ request: WatchRequest, known: FiguresSnapshot?, now: WatchMoment, random: Double) {
        self.options = request.options
        self.encoder = WatchEventEncoder(request.format, kind: request.kind)
        self.state = known.map { .told($0) } ?? .starting(request.options.start)
        let range = WatchLimits.lifetime
        let longest = range.lowerBound + (range.upperBound - range.lowerBound) * random
        let wanted = request.options.timeoutSeconds.map { Double(min(max(0, $0), 1 << 30)) } ?? longest
        self.deadline = now.uptime + .seconds(min(wanted, longest))
        self.nextBookmark = now.uptime + WatchLimits.bookmarks
    }

    /// From now on it only comes to an end.
    public mutating func end() { self.isEnding = true }

    /// It says nothing more, and what was kept for it is free.
    public mutating func abandon() {
        self.state = .ended
        self.encoder.end()
    }

    /// When the walk that is not finished was begun; nil when there is none.
    public var walkingSince: ContinuousClock.Instant? {
        if case .walking(_, _, let since) = self.state { return since }
        return nil
    }

    /// Whether there is something to say.
    public func isDue(_ feed: WatchFeed, now: WatchMoment) -> Bool {
        if self.isEnding || now.uptime >= self.deadline { return true }
        switch self.state {
        case .starting: return feed.latest != nil
        case .walking, .ended: return true
        case .told(let known):
            if let latest = feed.latest, latest !== known { return true }
            return self.options.allowsBookmarks && now.uptime >= self.nextBookmark
        }
    }

    /// Appends the next bytes, as many as there is room for, an event more at most.
    public mutating func next(into out: inout ByteWriter, from feed: WatchFeed, now: WatchMoment) -> Progress {
        if case .ended = self.state { return .finished }
        self.encoder.begin(nowUnixNanoseconds: now.unixNanoseconds)
        if self.isEnding || now.uptime >= self.deadline { return self.finish(to: &out) }
        var rows = WatchLimits.rowsAtATime
        while true {
            switch self.state {
            case .ended: return .finished
            case .starting(let start):
                guard let latest = feed.latest else { return .idle }
                self.start(start, latest, feed, now, to: &out)
            case .told(let known):
                if self.options.allowsBookmarks, now.uptime >= self.nextBookmark {
                    self.bookmark(known, now, to: &out)
                }
                guard let latest = feed.latest, latest !== known else { return .idle }
                self.state = .walking(
                    SnapshotWalk(from: .snapshot(known), to: latest), isFirst: false, since: now.uptime)
            case .walking(var walk, let isFirst, let since):
                // One owner, or each step would copy.
                self.state = .ended
                let isThrough = self.tell(&walk, within: &rows, to: &out)
                guard isThrough else {
                    self.state = .walking(walk, isFirst: isFirst, since: since)
                    return .more
                }
                self.state = .told(walk.target)
                self.encoder.end()
                if isFirst, self.options.marksInitialEnd {
                    self.encoder.bookmark(resourceVersion: walk.target.version, endsInitialEvents: true, to: &out)
                }
            }
        }
    }

    private mutating func start(
        _ start: WatchOptions.Start, _ latest: FiguresSnapshot, _ feed: WatchFeed, _ now: WatchMoment,
        to out: inout ByteWriter
    ) {
        let newest = now.version + WatchLimits.clockSkew.microseconds
        switch start {
        case .everything(let notBefore) where notBefore > newest: self.refuse(notBefore, feed, to: &out)
        case .everything:
            self.state = .walking(SnapshotWalk(from: .nothing, to: latest), isFirst: true, since: now.uptime)
        case .now: self.state = .told(latest)
        case .since(let version):
            // Another replica's clock may be a little ahead, and what comes meanwhile is not to be missed.
            guard version <= newest, let base = feed.base(since: min(version, now.version)) else {
                return self.refuse(version, feed, to: &out)
            }
            self.state = .walking(SnapshotWalk(from: base, to: latest), isFirst: false, since: now.uptime)
        }
    }

    private mutating func refuse(_ version: UInt64, _ feed: WatchFeed, to out: inout ByteWriter) {
        self.encoder.error(.expired(version, oldest: feed.since ?? 0), to: &out)
        self.state = .ended
    }

    /// - Returns: whether the walk is through, so that the client knows its target.
    private mutating func tell(_ walk: inout SnapshotWalk, within rows: inout Int, to out: inout ByteWriter) -> Bool {
        while out.count == 0 || out.room >= WatchLimits.eventRoom {
            switch walk.next(within: &rows) {
            case .event(let type, let at, let snapshot):
                self.encoder.event(
                    type, at, of: snapshot, resourceVersion: walk.version(of: snapshot.rows[at], type), to: &out)
            case .paused: return false
            case .finished: return true
            }
        }
        return false
    }

    private mutating func bookmark(_ known: FiguresSnapshot, _ now: WatchMoment, to out: inout ByteWriter) {
        self.encoder.bookmark(resourceVersion: known.version, endsInitialEvents: false, to: &out)
        self.nextBookmark = now.uptime + WatchLimits.bookmarks
    }

    /// A client that has everything is told up to when; one in the middle of a walk is not.
    private mutating func finish(to out: inout ByteWriter) -> Progress {
        if case .told(let known) = self.state, self.options.allowsBookmarks {
            self.encoder.bookmark(resourceVersion: known.version, endsInitialEvents: false, to: &out)
        }
        self.state = .ended
        return .finished
    }
}
