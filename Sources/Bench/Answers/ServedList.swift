// SPDX-License-Identifier: Apache-2.0

/// The items of a list that the aggregator served, as far as they are looked at.
enum ServedList {
    /// Their timestamps, ns since 1970, from a list in protobuf.
    /// - Throws: when it is none: the numbers of fields are those of Kubernetes' generated.proto files.
    static func timestamps(protobuf body: [UInt8]) throws -> [Int64] {
        guard body.starts(with: [0x6B, 0x38, 0x73, 0x00]) else { throw BenchError("a list is not in protobuf") }
        var times: [Int64] = []
        var unknown = Fields(body[4...])
        while let raw = try unknown.next() {
            guard raw.number == 2 else { continue }
            var list = Fields(raw.content)
            while let item = try list.next() {
                if item.number == 2 { times.append(try timestamp(item.content)) }
            }
        }
        return times
    }

    private static func timestamp(_ item: ArraySlice<UInt8>) throws -> Int64 {
        var fields = Fields(item)
        while let field = try fields.next() {
            guard field.number == 2 else { continue }
            var (seconds, nanoseconds) = (Int64(0), Int64(0))
            var time = Fields(field.content)
            while let part = try time.next() {
                if part.number == 1 { seconds = Int64(bitPattern: part.value) }
                if part.number == 2 { nanoseconds = Int64(bitPattern: part.value) }
            }
            return seconds * 1_000_000_000 + nanoseconds
        }
        throw BenchError("an item of a list has no timestamp")
    }

    /// How often a text is there, which a list has once for each item.
    static func count(of text: String, in body: [UInt8]) -> Int {
        let wanted = Array(text.utf8)
        var found = 0
        var index = 0
        while index + wanted.count <= body.count {
            if body[index] == wanted[0], body[index..<index + wanted.count].elementsEqual(wanted) {
                found += 1
                index += wanted.count
            } else {
                index += 1
            }
        }
        return found
    }

    /// A protobuf message's fields, one after another.
    private struct Fields {
        struct Field {
            let number: UInt64
            /// Of a varint.
            let value: UInt64
            let content: ArraySlice<UInt8>
        }

        private var rest: ArraySlice<UInt8>

        init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

        mutating func next() throws -> Field? {
            guard !rest.isEmpty else { return nil }
            let key = try varint()
            switch key & 7 {
            case 0: return Field(number: key >> 3, value: try varint(), content: [])
            case 2:
                let count = try varint()
                guard count <= UInt64(rest.count) else { throw BenchError("a list in protobuf is cut off") }
                defer { rest = rest.dropFirst(Int(count)) }
                return Field(number: key >> 3, value: 0, content: rest.prefix(Int(count)))
            default: throw BenchError("a list in protobuf has a field of wire type \(key & 7)")
            }
        }

        private mutating func varint() throws -> UInt64 {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                guard let byte = rest.popFirst() else { throw BenchError("a list in protobuf is cut off") }
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
            }
            throw BenchError("a list in protobuf has a number without end")
        }
    }
}
