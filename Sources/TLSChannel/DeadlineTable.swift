// SPDX-License-Identifier: Apache-2.0
public import NIOCore

/// Who has a deadline in a ``DeadlineTable``, one at a time. Confined to the table's event loop.
public protocol DeadlineHolder: AnyObject {
    /// The table's own note; nil while there is no deadline.
    var deadlineRow: Int? { get set }
    /// The deadline has passed and is out of the table. Another may be set at once.
    func deadlinePassed(now: NIODeadline)
}

/// The deadlines of all connections of one event loop, looked at together, once a tick at most.
///
/// NIO keeps timers in a heap with a lock, a closure and a promise each, and cancelling one searches the heap. Here setting
/// and clearing is a write into an array, looking is a walk over it, and nothing is allocated but by growth. The price is
/// that a deadline is noticed up to a tick late.
///
/// Keeps its holders alive: each clears its deadline in the end. Confined to its event loop.
public final class DeadlineTable {
    private struct Row {
        var deadline: NIODeadline
        let holder: any DeadlineHolder
    }

    private struct Alarm: NIOScheduledCallbackHandler {
        let table: DeadlineTable
        func handleScheduledCallback(eventLoop: some EventLoop) { table.look() }
    }

    private let eventLoop: any EventLoop
    private let tick: TimeAmount
    private var rows: [Row] = []
    private var alarm: (time: NIODeadline, callback: NIOScheduledCallback)?
    private var isLooking = false
    /// No look before this: looks are a tick apart.
    private var nextLook: NIODeadline = .distantPast

    /// - Parameter tick: the shortest time between two looks, and so the most by which a deadline is late.
    public init(on eventLoop: any EventLoop, tick: TimeAmount = .seconds(1)) {
        self.eventLoop = eventLoop
        self.tick = tick
    }

    /// How many deadlines there are.
    public var count: Int { rows.count }

    /// Sets the holder's deadline, in place of the one before.
    public func set(_ deadline: NIODeadline, for holder: any DeadlineHolder) {
        if let row = holder.deadlineRow {
            rows[row].deadline = deadline
        } else {
            holder.deadlineRow = rows.count
            rows.append(Row(deadline: deadline, holder: holder))
        }
        if !isLooking { wake(by: deadline) }
    }

    public func clear(_ holder: any DeadlineHolder) {
        if let row = holder.deadlineRow { _ = remove(row) }
    }

    /// The last row takes the place of the removed one.
    private func remove(_ row: Int) -> any DeadlineHolder {
        let last = rows.count - 1
        rows[last].holder.deadlineRow = row
        rows.swapAt(row, last)
        let holder = rows.removeLast().holder
        holder.deadlineRow = nil
        return holder
    }

    private func wake(by deadline: NIODeadline) {
        guard deadline < .distantFuture else { return }
        let time = max(deadline, nextLook)
        if let alarm, alarm.time <= time { return }
        alarm?.callback.cancel()
        alarm = nil
        // Fails only on a loop that has ended, where nothing has a deadline any more.
        guard
            let callback = try? eventLoop.assumeIsolated().scheduleCallback(at: time, handler: Alarm(table: self))
        else { return }
        alarm = (time, callback)
    }

    private func look() {
        alarm = nil
        let now = eventLoop.now
        nextLook = now + tick
        isLooking = true
        // Backwards: whoever is called may set and clear any deadline, and what moves then comes from behind. What is set
        // now and has passed already waits for the next look, so this ends.
        var row = rows.count
        while row > 0 {
            row = min(row, rows.count) - 1
            if row >= 0, rows[row].deadline <= now { remove(row).deadlinePassed(now: now) }
        }
        isLooking = false
        var earliest = NIODeadline.distantFuture
        for row in rows { earliest = min(earliest, row.deadline) }
        wake(by: earliest)
    }
}

@available(*, unavailable)
extension DeadlineTable: Sendable {}
