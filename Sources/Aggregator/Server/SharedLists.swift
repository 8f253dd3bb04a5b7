// SPDX-License-Identifier: Apache-2.0
import Console
import MetricsAPI
import NIOCore
import NIOPosix
import Synchronization

/// Large lists of the same objects, asked for at about the same time, are looked up once.
///
/// A list joins a lookup that is under way, or takes one that is younger than `youngEnough` while somebody still sends it;
/// nothing is kept for its own sake. Only the figures are shared: each answer is written anew, as it carries its own time.
final class SharedLists: Sendable {
    /// A twentieth of the shortest interval that agents are made for.
    static let youngEnough: TimeAmount = .milliseconds(250)

    final class Snapshot: Sendable {
        let figures: FiguresList
        /// The moment before they were looked up, which every list made from them carries.
        let resourceVersion: UInt64
        fileprivate let started: NIODeadline

        fileprivate init(_ figures: FiguresList, resourceVersion: UInt64, started: NIODeadline) {
            self.figures = figures
            self.resourceVersion = resourceVersion
            self.started = started
        }
    }

    private struct Entry {
        weak var snapshot: Snapshot?
        /// Not nil while it is being looked up; each of them has a place among the large lists, which bounds their number.
        var waiting: [EventLoopPromise<Snapshot>]?
    }

    private let entries = Mutex<[String: Entry]>([:])

    func snapshot(
        of request: ListRequest, from source: any MetricsSource, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Snapshot> {
        let promise = eventLoop.makePromise(of: Snapshot.self)
        let now = NIODeadline.now()
        let (shared, isFirst) = entries.withLock { entries -> (Snapshot?, Bool) in
            entries = entries.filter { $0.value.waiting != nil || $0.value.snapshot != nil }
            if entries[request.key]?.waiting != nil {
                entries[request.key]?.waiting?.append(promise)
                return (nil, false)
            }
            if let snapshot = entries[request.key]?.snapshot, now - snapshot.started < Self.youngEnough {
                return (snapshot, false)
            }
            entries[request.key] = Entry(waiting: [promise])
            return (nil, true)
        }
        if let shared { promise.succeed(shared) }
        if isFirst {
            HeavyWork.pool.submit { [self] _ in
                let version = ResourceVersion.at(unixNanoseconds: LogLine.now())
                let snapshot = Snapshot(request.figures(from: source), resourceVersion: version, started: now)
                let waiting = entries.withLock {
                    $0.updateValue(Entry(snapshot: snapshot), forKey: request.key)?.waiting
                }
                for promise in waiting ?? [] { promise.succeed(snapshot) }
            }
        }
        return promise.futureResult
    }
}
