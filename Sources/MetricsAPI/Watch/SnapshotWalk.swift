// SPDX-License-Identifier: Apache-2.0

/// What has happened to an object, as a watch says it.
enum WatchEventType: String {
    case added = "ADDED"
    case modified = "MODIFIED"
    case deleted = "DELETED"
}

/// The way from what a client knows to a snapshot, one event at a time: a merge of two sorted lists that takes its next step only
/// when it is asked to, so that no event is ever stored.
///
/// All that is gone comes first, then what is there, in the order of lists. `WatchOptions` says why.
struct SnapshotWalk {
    /// What the client knows.
    enum Base {
        case nothing
        case snapshot(FiguresSnapshot)
        /// All up to a version, as it says; and the objects to tell as gone.
        case version(UInt64, gone: [FiguresSnapshot])
    }

    enum Step {
        /// What has happened to one of the snapshot's rows.
        case event(WatchEventType, Int, of: FiguresSnapshot)
        /// Others' turn: nothing was found in as many rows as were allowed.
        case paused
        case finished
    }

    let target: FiguresSnapshot
    private let base: Base
    private var removalsDone = false
    /// The next place in what the client knows, and in the target.
    private var before = 0
    private var after = 0
    /// Names that were told as gone and are there again.
    private var reborn: Set<ObjectName> = []

    init(from base: Base, to target: FiguresSnapshot) {
        self.base = base
        self.target = target
        if case .version(_, let gone) = base { self.reborn = Set(gone.map { ObjectName($0.rows[0].identity) }) }
    }

    /// - Parameter rows: how many may be compared; what was used is taken off.
    mutating func next(within rows: inout Int) -> Step {
        if !self.removalsDone {
            switch self.base {
            case .nothing: break
            case .snapshot(let known):
                while self.before < known.rows.count {
                    guard rows > 0 else { return .paused }
                    rows -= 1
                    if let at = self.removal(in: known) { return .event(.deleted, at, of: known) }
                }
            case .version(_, let gone):
                if self.before < gone.count {
                    self.before += 1
                    return .event(.deleted, 0, of: gone[self.before - 1])
                }
            }
            self.removalsDone = true
            (self.before, self.after) = (0, 0)
        }
        while self.after < self.target.rows.count {
            guard rows > 0 else { return .paused }
            rows -= 1
            let at = self.after
            if let type = self.change(of: self.target.rows[at]) {
                self.after += 1
                return .event(type, at, of: self.target)
            }
        }
        return .finished
    }

    /// The resourceVersion that an event's object carries. One that is gone carries what the client came with, so that going on
    /// from there has it told all the rest again.
    func version(of row: FiguresList.Row, _ type: WatchEventType) -> UInt64 {
        guard type == .deleted else { return row.version }
        return switch self.base {
        case .nothing: row.version
        case .snapshot(let known): known.version
        case .version(let version, _): version
        }
    }

    /// The next object that is gone, for those who want nothing else.
    mutating func nextRemoval() -> Int? {
        guard case .snapshot(let known) = self.base else { return nil }
        while self.before < known.rows.count {
            if let at = self.removal(in: known) { return at }
        }
        return nil
    }

    /// Goes one place on in one of both lists.
    private mutating func removal(in known: FiguresSnapshot) -> Int? {
        let at = self.before
        guard self.after < self.target.rows.count else {
            self.before += 1
            return at
        }
        let identity = known.rows[at].identity
        let other = self.target.rows[self.after].identity
        switch NameOrder(identity, other) {
        case .before:
            self.before += 1
            return at
        case .same:
            self.before += 1
            self.after += 1
            return identity.isSameIncarnation(as: other) ? nil : at
        case .after:
            self.after += 1
            return nil
        }
    }

    /// What is to be told of a row of the target. When it is nothing, goes one place on in one of both lists.
    private mutating func change(of row: FiguresList.Row) -> WatchEventType? {
        switch self.base {
        case .nothing: return .added
        case .version(let version, _):
            if !self.reborn.isEmpty, self.reborn.contains(ObjectName(row.identity)) { return .added }
            if row.version > version { return .modified }
        case .snapshot(let known):
            guard self.before < known.rows.count else { return .added }
            let other = known.rows[self.before]
            switch NameOrder(other.identity, row.identity) {
            case .before:
                self.before += 1
                return nil
            case .after: return .added
            case .same:
                // Both have had their turn; the next two are most likely a pair again.
                self.before += 1
                guard other.identity.isSameIncarnation(as: row.identity) else { return .added }
                if other.version != row.version { return .modified }
            }
        }
        self.after += 1
        return nil
    }
}

private struct ObjectName: Hashable {
    let namespace: String
    let name: String

    init(_ identity: ObjectIdentity) {
        self.namespace = identity.namespace
        self.name = identity.name
    }
}
