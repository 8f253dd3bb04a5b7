// SPDX-License-Identifier: Apache-2.0

extension ObjectMetadata {
    /// Field numbers of meta/v1.ObjectMeta (k8s.io/apimachinery/pkg/apis/meta/v1/generated.proto).
    enum Number {
        static let name: UInt64 = 1
        static let namespace: UInt64 = 3
        static let uid: UInt64 = 5
        static let resourceVersion: UInt64 = 6
        static let creationTimestamp: UInt64 = 8
        static let deletionTimestamp: UInt64 = 9
        static let labels: UInt64 = 11
        static let annotations: UInt64 = 12
        static let managedFields: UInt64 = 17
    }

    /// Decodes a meta/v1.ObjectMeta. This is the hot path of listing a cluster: one pass, and no allocation for what is
    /// not kept.
    init(_ body: RawSpan, _ range: Range<Int>, _ options: KubeDecodingOptions) throws(KubeDecodingError) {
        self.init(name: "")
        var labelCount = 0
        var counter = ProtoCursor(range)
        while let field = try counter.next(in: body) { labelCount += field.number == Number.labels ? 1 : 0 }
        if labelCount > 0 { labels.reserveCapacity(labelCount) }

        var cursor = ProtoCursor(range)
        while let field = try cursor.next(in: body) {
            guard case .bytes(let range) = field.value else { continue }
            switch field.number {
            case Number.name: name = try body.text(range)
            case Number.namespace: namespace = try body.text(range)
            case Number.uid: uid = try body.text(range)
            case Number.resourceVersion: resourceVersion = try body.text(range)
            case Number.creationTimestamp: creationUnixSeconds = try Self.seconds(body, range)
            case Number.deletionTimestamp: isBeingDeleted = true
            case Number.labels:
                let (key, value) = try Self.entry(body, range)
                labels.append(Pair(key: try body.text(key), value: try body.text(value)))
            case Number.annotations where !options.annotations.isEmpty:
                let (key, value) = try Self.entry(body, range)
                if options.annotations.contains(where: { body.holds(key, utf8: $0) }) {
                    annotations.append(Pair(key: try body.text(key), value: try body.text(value)))
                }
            default: continue
            }
        }
    }

    /// meta/v1.Time; an absent field of it is zero, and a Time without fields is no time.
    private static func seconds(_ body: RawSpan, _ range: Range<Int>) throws(KubeDecodingError) -> Int64? {
        var cursor = ProtoCursor(range)
        var seconds: Int64?
        while let field = try cursor.next(in: body) {
            if field.number == 1, case .number(let value) = field.value { seconds = Int64(bitPattern: value) }
        }
        return seconds
    }

    /// A map's entry; an absent key or value is empty.
    private static func entry(
        _ body: RawSpan, _ range: Range<Int>
    ) throws(KubeDecodingError) -> (key: Range<Int>, value: Range<Int>) {
        var cursor = ProtoCursor(range)
        var (key, value) = (range.lowerBound..<range.lowerBound, range.lowerBound..<range.lowerBound)
        while let field = try cursor.next(in: body) {
            guard case .bytes(let part) = field.value else { continue }
            if field.number == 1 { key = part }
            if field.number == 2 { value = part }
        }
        return (key, value)
    }

    /// The metadata as it came, but for managedFields, to write an object back without losing what we do not know.
    /// An update without managedFields leaves the server's as they are.
    static func wireForm(_ body: RawSpan, _ range: Range<Int>) throws(KubeDecodingError) -> [UInt8] {
        var cursor = ProtoCursor(range)
        var kept: [UInt8] = []
        var start = cursor.offset
        while let field = try cursor.next(in: body) {
            if field.number != Number.managedFields { kept += body.array(start..<cursor.offset) }
            start = cursor.offset
        }
        return kept
    }
}
