// SPDX-License-Identifier: Apache-2.0

/// What bounds a watch, whatever its client does.
public enum WatchLimits {
    /// How often figures are looked up for those who watch. Agents push every few seconds, each at its own time.
    public static let tick: Duration = .seconds(1)
    /// A watch that gives no time ends after a random one in this range, and none lasts longer: as API servers do by
    /// their --min-request-timeout, so that clients spread over replicas again.
    public static let lifetime: ClosedRange<Double> = 1_800...3_600
    /// Time between two bookmarks, as API servers have it.
    public static let bookmarks: Duration = .seconds(60)
    /// Objects that are gone and remembered, for each selection.
    public static let tombstones = 4_096
    /// How long they are remembered: longer than a client needs to come back with the version of its last event.
    public static let memory: Duration = .seconds(900)
    /// A version by another replica's clock may be this far ahead of ours.
    public static let clockSkew: Duration = .seconds(10)
    /// Objects that were gone this long before the version that a watch begins at are told too: another replica, which
    /// the version is of, may have seen them a little longer.
    public static let overlap: Duration = .seconds(10)
    /// Rows that are compared before others have their turn on the event loop: a millisecond's work.
    static let rowsAtATime = 16_384
    /// Bytes that are left free in a chunk: most events fit.
    static let eventRoom = 1_024
}
