// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// What is watched: everything that a selection selects.
struct WatchScope: Hashable, Sendable {
    let kind: FiguresList.Kind
    let selection: Selection
}

/// The lists of the last seconds, so that a watch from a list's version knows exactly what its client has.
struct RecentLists {
    private struct Entry {
        let scope: WatchScope
        let snapshot: FiguresSnapshot
        let until: ContinuousClock.Instant
    }

    /// Oldest first.
    private var entries: [Entry] = []
    private var rows = 0

    var isEmpty: Bool { entries.isEmpty }

    mutating func add(
        _ snapshot: FiguresSnapshot, of scope: WatchScope, until: ContinuousClock.Instant, bounds: WatchBounds
    ) {
        entries.append(Entry(scope: scope, snapshot: snapshot, until: until))
        rows += snapshot.list.rows.count
        while entries.count > bounds.lists || rows > bounds.listRows, !entries.isEmpty { removeFirst() }
    }

    func list(of scope: WatchScope, version: UInt64) -> FiguresSnapshot? {
        entries.last { $0.snapshot.version == version && $0.scope == scope }?.snapshot
    }

    mutating func expire(now: ContinuousClock.Instant) {
        while let first = entries.first, first.until <= now { removeFirst() }
    }

    private mutating func removeFirst() { rows -= entries.removeFirst().snapshot.list.rows.count }
}
