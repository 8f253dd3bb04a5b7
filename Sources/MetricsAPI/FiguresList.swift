// SPDX-License-Identifier: Apache-2.0

/// Figures of many objects at one moment: what lists, watches and single answers are encoded from.
///
/// Two flat arrays, however many containers a pod has. Rows are sorted in byte order by namespace and name, each object once.
/// The figures of a row's containers lie together, but those of different rows in any order.
public struct FiguresList: Sendable {
    public enum Kind: Sendable {
        case nodes, pods
    }

    /// One object over [timestamp - window, timestamp].
    public struct Row: Sendable {
        public let identity: ObjectIdentity
        /// End of the window, Unix time in nanoseconds.
        public fileprivate(set) var timestampUnixNanoseconds: Int64
        /// Length of the window in nanoseconds.
        public fileprivate(set) var windowNanoseconds: Int64
        /// When the newest sample came, Unix time in µs by our clock: grows with each sample of the object.
        public fileprivate(set) var version: UInt64
        /// Its places in `usages`: a pod's containers; exactly one for a node.
        public fileprivate(set) var firstUsage: Int32
        public fileprivate(set) var usageCount: Int32
        /// What protobuf takes for the object's metadata, as far as it is the object's own, and for its figures, in bytes. They are
        /// added up while everything is at hand anyway: a list of many objects is far larger than the caches.
        fileprivate(set) var metadataBytes: UInt32
        fileprivate(set) var usageBytes: UInt32

        /// Of the reference, among a row's bytes.
        fileprivate static let identityPlace = MemoryLayout<Row>.place(of: \.identity)

        fileprivate init(_ identity: ObjectIdentity, in kind: Kind) {
            self.identity = identity
            self.timestampUnixNanoseconds = 0
            self.windowNanoseconds = 0
            self.version = 0
            self.firstUsage = 0
            self.usageCount = 0
            self.metadataBytes = UInt32(clamping: MetricsEncoder.ownMetadataSize(identity, in: kind))
            self.usageBytes = 0
        }

        public var usages: Range<Int> { Int(firstUsage)..<Int(firstUsage) + Int(usageCount) }
    }

    public let kind: Kind
    public private(set) var rows: [Row] = []
    /// A node's has no name.
    public private(set) var usages: [ContainerFigures] = []

    public init(_ kind: Kind) {
        self.kind = kind
    }

    public mutating func reserveCapacity(rows: Int, usages: Int) {
        self.rows.reserveCapacity(rows)
        self.usages.reserveCapacity(usages)
    }

    /// Appends an object; it must come after those that are there.
    public mutating func append(
        _ identity: ObjectIdentity, timestampUnixNanoseconds: Int64, windowNanoseconds: Int64, version: UInt64,
        usages: some Collection<ContainerFigures>
    ) {
        let first = self.usages.count
        self.expect(identity)
        self.usages.append(contentsOf: usages)
        self.complete(
            row: self.rows.count - 1, timestampUnixNanoseconds: timestampUnixNanoseconds,
            windowNanoseconds: windowNanoseconds, version: version, firstUsage: first)
    }

    /// Appends an object whose figures are to be found, in any order, with `append(usage:)` and `complete(row:)`. If none are,
    /// it goes with `dropIncomplete()`.
    public mutating func expect(_ identity: ObjectIdentity) { self.rows.append(Row(identity, in: self.kind)) }

    /// One container's figures of the row that is completed next.
    @inline(__always)
    public mutating func append(usage: ContainerFigures) { self.usages.append(usage) }

    /// Takes back what was appended since `first`.
    public mutating func dropUsages(from first: Int) { self.usages.removeSubrange(first...) }

    /// Gives an expected object all figures from `first` on.
    public mutating func complete(
        row: Int, timestampUnixNanoseconds: Int64, windowNanoseconds: Int64, version: UInt64, firstUsage first: Int
    ) {
        self.rows[row].timestampUnixNanoseconds = timestampUnixNanoseconds
        self.rows[row].windowNanoseconds = windowNanoseconds
        self.rows[row].version = version
        self.rows[row].firstUsage = Int32(truncatingIfNeeded: first)
        self.rows[row].usageCount = Int32(truncatingIfNeeded: self.usages.count - first)
        var bytes = 0
        for at in first..<self.usages.count { bytes += MetricsEncoder.usageSize(self.usages[at], in: self.kind) }
        self.rows[row].usageBytes = UInt32(clamping: bytes)
    }

    /// Has a row fetched from memory, which will be completed soon.
    @inline(__always)
    public func prefetch(row: Int) { self.rows.prefetch(row) }

    /// Has what `row` is written from fetched from memory, while the rows before it are written: rows follow each other, their
    /// objects and figures do not. What is found only from there comes with the next calls.
    @inline(__always)
    func prefetchParts(beyond row: Int) {
        let (near, far) = (row + Self.near, row + 2 * Self.near)
        self.rows.prefetchInstance(far, field: Row.identityPlace, bytes: ObjectIdentity.instanceBytes)
        let rows = self.rows.span
        guard near < rows.count else { return }
        rows[near].identity.prefetchNames()
        self.usages.prefetch(Int(rows[near].firstUsage), count: Int(rows[near].usageCount))
    }

    /// Rows between one that is written and one whose parts are fetched.
    private static let near = 4

    public mutating func dropIncomplete() { self.rows.removeAll { $0.usageCount == 0 } }

    public func usages(of row: Row) -> ArraySlice<ContainerFigures> { self.usages[row.usages] }
}

extension FiguresList {
    public init(_ node: NodeFigures, version: UInt64 = 0) {
        self.init(.nodes)
        append(node, version: version)
    }

    public init(_ pod: PodFigures, version: UInt64 = 0) {
        self.init(.pods)
        append(pod, version: version)
    }

    public mutating func append(_ node: NodeFigures, version: UInt64 = 0) {
        append(
            ObjectIdentity(name: node.name, labels: node.labels),
            timestampUnixNanoseconds: node.timestampUnixNanoseconds, windowNanoseconds: node.windowNanoseconds,
            version: version, usages: CollectionOfOne(ContainerFigures(name: "", usage: node.usage)))
    }

    public mutating func append(_ pod: PodFigures, version: UInt64 = 0) {
        append(
            ObjectIdentity(namespace: pod.namespace, name: pod.name, uid: pod.uid, labels: pod.labels),
            timestampUnixNanoseconds: pod.timestampUnixNanoseconds, windowNanoseconds: pod.windowNanoseconds,
            version: version, usages: pod.containers)
    }
}

/// As values of their own, for those who look at a few.
extension FiguresList {
    public var nodeFigures: [NodeFigures] {
        self.rows.map { row in
            NodeFigures(
                name: row.identity.name, labels: row.identity.labels,
                timestampUnixNanoseconds: row.timestampUnixNanoseconds, windowNanoseconds: row.windowNanoseconds,
                usage: self.usages[Int(row.firstUsage)].usage)
        }
    }

    public var podFigures: [PodFigures] {
        self.rows.map { row in
            PodFigures(
                namespace: row.identity.namespace, name: row.identity.name, uid: row.identity.uid,
                labels: row.identity.labels, timestampUnixNanoseconds: row.timestampUnixNanoseconds,
                windowNanoseconds: row.windowNanoseconds, containers: Array(self.usages(of: row)))
        }
    }
}
