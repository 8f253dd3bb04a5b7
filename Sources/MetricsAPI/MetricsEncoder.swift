// SPDX-License-Identifier: Apache-2.0

/// Writes the rows of a list straight into bytes. One value per answer: it carries what all rows of the answer share.
struct MetricsEncoder: Sendable {
    let list: FiguresList
    let version: MetricsVersion
    /// `creationTimestamp` of every object: the time of the answer, as the peer has it. Figures are made when asked for.
    let createdText: [UInt8]
    /// The same as field 8 of ObjectMeta.
    let createdField: [UInt8]
    var timestamps = TimestampCache()
    /// The resourceVersion of each object; nil: they carry none.
    var objectVersion: UInt64?

    init(_ list: FiguresList, version: MetricsVersion, nowUnixNanoseconds: Int64) {
        self.list = list
        self.version = version
        let seconds = wholeSeconds(unixNanoseconds: nowUnixNanoseconds)
        var text = ByteWriter()
        text.rfc3339(unixSeconds: seconds)
        self.createdText = text.bytes
        var field = ByteWriter()
        field.protoTime(8, unixSeconds: seconds)
        self.createdField = field.bytes
    }

    /// `NodeMetrics` or `PodMetrics`.
    var kind: String { self.list.kind.objectKind }
}

extension FiguresList.Kind {
    var objectKind: String {
        switch self {
        case .nodes: "NodeMetrics"
        case .pods: "PodMetrics"
        }
    }
}

/// Texts of times that mostly repeat: the pods of a list are of as many seconds as nodes have between two samples.
struct TimestampCache: Sendable {
    private struct Entry {
        var seconds: Int64
        /// RFC 3339.
        var text: [UInt8]
        /// Field 2 of NodeMetrics and PodMetrics.
        var field: [UInt8]
    }

    /// Each second has one place here; empty until the first.
    private var entries: [Entry?] = []
    private var current = 0

    /// Intervals are some seconds long; more of them is a list of nodes that push seldom. A power of two.
    private static let places = 16

    var text: [UInt8] { self.entries[self.current]?.text ?? [] }
    var field: [UInt8] { self.entries[self.current]?.field ?? [] }

    @inline(__always)
    mutating func set(unixNanoseconds: Int64) {
        let wanted = wholeSeconds(unixNanoseconds: unixNanoseconds)
        self.current = Int(truncatingIfNeeded: wanted) & (Self.places - 1)
        if self.entries.isEmpty || self.entries[self.current]?.seconds != wanted { self.fill(wanted) }
    }

    private mutating func fill(_ seconds: Int64) {
        if self.entries.isEmpty { self.entries = Array(repeating: nil, count: Self.places) }
        var text = ByteWriter()
        text.rfc3339(unixSeconds: seconds)
        var field = ByteWriter()
        field.protoTime(2, unixSeconds: seconds)
        self.entries[self.current] = Entry(seconds: seconds, text: text.bytes, field: field.bytes)
    }
}
