// SPDX-License-Identifier: Apache-2.0

@testable import MetricsAPI

/// A pod or node of a test's snapshot.
struct Watched {
    var name: String
    var version: UInt64
    var uid = "u"
    var labels: [String: String] = [:]
    var swapBytes: UInt64?

    init(
        _ name: String, _ version: UInt64, uid: String = "u", labels: [String: String] = [:], swapBytes: UInt64? = nil
    ) {
        self.name = name
        self.version = version
        self.uid = uid
        self.labels = labels
        self.swapBytes = swapBytes
    }
}

extension FiguresSnapshot {
    /// Names with a slash are pods', as `namespace/name`, others nodes'. Must come sorted.
    convenience init(_ objects: [Watched], kind: FiguresList.Kind = .pods, at version: UInt64) {
        var list = FiguresList(kind)
        for object in objects {
            let parts = object.name.split(separator: "/").map(String.init)
            let usage = ResourceUsage(
                cpuNanocores: 250_000_000, memoryBytes: 64 << 20, swapBytes: object.swapBytes)
            list.append(
                ObjectIdentity(
                    namespace: parts.count == 2 ? parts[0] : "", name: parts.last ?? "",
                    uid: kind == .pods ? object.uid : "", labels: Labels(object.labels)),
                timestampUnixNanoseconds: Int64(object.version) * 1_000, windowNanoseconds: 15_000_000_000,
                version: object.version,
                usages: [ContainerFigures(name: kind == .pods ? "c0" : "", usage: usage)])
        }
        self.init(list, version: version)
    }
}

extension SnapshotWalk {
    /// All that is left of it, as `ADDED ns/a 7`: what happened, to whom, and the version that its object carries.
    mutating func rest(rowsAtATime: Int = .max) -> [String] {
        var told: [String] = []
        while true {
            var rows = rowsAtATime
            switch self.next(within: &rows) {
            case .event(let type, let at, let snapshot):
                let row = snapshot.rows[at]
                told.append(
                    "\(type.rawValue) \(row.identity.namespace)/\(row.identity.name) \(self.version(of: row, type))")
            case .paused: continue
            case .finished: return told
            }
        }
    }
}

extension WatchFeed {
    init(_ snapshots: FiguresSnapshot...) {
        self.init()
        for snapshot in snapshots { self.publish(snapshot) }
    }
}

extension WatchMoment {
    static let start = ContinuousClock.now

    /// - Parameter version: the time as a resourceVersion.
    static func at(_ version: UInt64, seconds: Double = 0) -> WatchMoment {
        WatchMoment(unixNanoseconds: Int64(version) * 1_000, uptime: Self.start + .seconds(seconds))
    }
}
