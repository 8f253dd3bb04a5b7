// SPDX-License-Identifier: Apache-2.0

/// What is known of a selection: its newest snapshot, and what went away while it was being followed. A value without locks or
/// clocks.
public struct WatchFeed: Sendable {
    public private(set) var latest: FiguresSnapshot?
    /// From this version on everything is known; nil before the first snapshot.
    public private(set) var since: UInt64?
    /// Objects that went away, as they were last: lists of one, whose versions are the moments when they were first missed.
    /// Oldest first.
    private var tombstones: [FiguresSnapshot] = []

    public init() {}

    /// Takes the next snapshot. The first one is where knowledge begins.
    public mutating func publish(_ snapshot: FiguresSnapshot) {
        defer { self.latest = snapshot }
        guard let previous = self.latest else {
            self.since = snapshot.version
            return
        }
        var walk = SnapshotWalk(from: .snapshot(previous), to: snapshot)
        while let at = walk.nextRemoval() {
            self.tombstones.append(
                FiguresSnapshot(previous.list.only(previous.rows[at]), version: snapshot.version))
        }
        self.forget(now: snapshot.version)
    }

    private mutating func forget(now: UInt64) {
        let horizon = now - min(now, WatchLimits.memory.microseconds)
        let old = self.tombstones.prefix { $0.version < horizon }.count
        let dropped = max(old, self.tombstones.count - WatchLimits.tombstones)
        if dropped > 0 {
            // Who saw the last of these missed has seen them all; others that were missed with it may be left.
            self.since = max(self.since ?? 0, self.tombstones[dropped - 1].version)
            self.tombstones.removeFirst(dropped)
        }
        self.since = max(self.since ?? 0, horizon)
    }

    /// Where a watch goes on that was told everything up to `version`; nil when that is not known any more, or not yet.
    func base(since version: UInt64) -> SnapshotWalk.Base? {
        guard let latest, let since, version >= since else { return nil }
        let from = version - min(version, WatchLimits.overlap.microseconds)
        let gone = self.tombstones.filter { tombstone in
            guard tombstone.version > from else { return false }
            let identity = tombstone.rows[0].identity
            return latest.identity(namedAs: identity)?.isSameIncarnation(as: identity) != true
        }
        return .version(version, gone: gone)
    }
}

extension FiguresSnapshot {
    /// The object of that name, of whatever incarnation. Rows are sorted.
    fileprivate func identity(namedAs wanted: ObjectIdentity) -> ObjectIdentity? {
        var (low, high) = (0, self.rows.count)
        while low < high {
            let middle = low + (high - low) / 2
            switch NameOrder(self.rows[middle].identity, wanted) {
            case .before: low = middle + 1
            case .same: return self.rows[middle].identity
            case .after: high = middle
            }
        }
        return nil
    }
}

extension FiguresList {
    /// A list of one, which does not keep the others.
    func only(_ row: Row) -> FiguresList {
        var list = FiguresList(self.kind)
        list.append(
            row.identity, timestampUnixNanoseconds: row.timestampUnixNanoseconds,
            windowNanoseconds: row.windowNanoseconds, version: row.version, usages: self.usages(of: row))
        return list
    }
}

extension Duration {
    /// Whole µs; 0 when negative.
    var microseconds: UInt64 {
        let (seconds, attoseconds) = self.components
        return UInt64(max(0, seconds)) &* 1_000_000 &+ UInt64(max(0, attoseconds) / 1_000_000_000_000)
    }
}
