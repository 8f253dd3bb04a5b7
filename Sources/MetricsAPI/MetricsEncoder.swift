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

/// Texts of times that mostly repeat: all pods of a node carry the same second.
struct TimestampCache: Sendable {
    private var seconds: Int64?
    /// RFC 3339.
    private(set) var text: [UInt8] = []
    /// Field 2 of NodeMetrics and PodMetrics.
    private(set) var field: [UInt8] = []

    @inline(__always)
    mutating func set(unixNanoseconds: Int64) {
        let wanted = wholeSeconds(unixNanoseconds: unixNanoseconds)
        if self.seconds != wanted { self.fill(wanted) }
    }

    private mutating func fill(_ seconds: Int64) {
        var text = ByteWriter()
        text.rfc3339(unixSeconds: seconds)
        self.text = text.bytes
        var field = ByteWriter()
        field.protoTime(2, unixSeconds: seconds)
        self.field = field.bytes
        self.seconds = seconds
    }
}
