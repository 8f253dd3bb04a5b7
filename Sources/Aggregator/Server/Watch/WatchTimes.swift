// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// How long watches may take for what.
struct WatchTimes: Sendable {
    /// A client that takes nothing for this long, although there is something, is cut off: `ServerTimes.event`, after which its
    /// connection goes too.
    var stuck: Duration = .seconds(30)
    /// One that takes, but not all of one look within this, is cut off too: lists have to be taken within the same time.
    var walk: Duration = .seconds(60)
    /// A selection that nobody watches is followed for this long, for clients that come back.
    var linger: Duration = .seconds(120)
    /// And looked up this seldom.
    var lingeringTick: Duration = .seconds(5)
    /// How long the list that a watch may go on from is kept.
    var list: Duration = .seconds(15)
    /// Watches are given this long to end at a shutdown.
    var shutdown: Duration = .seconds(2)
}

/// What bounds the memory of watches; their number is `Admission`'s.
struct WatchBounds: Sendable {
    /// Rows of all selections that are followed; those who watch the same share them. One takes some 150 B in a snapshot, of
    /// which there are two at a time, and more while clients are slow.
    var rows = 2_000_000
    /// Selections that are followed although nobody watches, and their rows.
    var lingering = 64
    var lingeringRows = 400_000
    /// Lists that are kept for watches to go on from, and their rows.
    var lists = 32
    var listRows = 400_000
    /// Snapshots of one selection that slow clients keep alive; while there are so many, no other is made.
    var snapshots = 8
}
