// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// protobuf lets one message be written in many ways. All must be read, and to the same values.
@Suite("Any form that protobuf allows means the same")
struct WireFormTests {
    /// One field of a `Samples`.
    private enum Field {
        case number(UInt64, UInt64)
        case column(UInt64, [UInt64])
        case entry([UInt8])

        var isEntry: Bool { if case .entry = self { true } else { false } }
    }

    /// The fields of a frame that our encoder made.
    private func fields(_ body: [UInt8]) throws -> [Field] {
        var rest = body[...]
        try #require(Proto.takeVarint(&rest) == 2 << 3 | 2)
        try #require(Proto.takeVarint(&rest) == UInt64(rest.count))
        var fields: [Field] = []
        while !rest.isEmpty {
            let tag = Proto.takeVarint(&rest)
            let value = Proto.takeVarint(&rest)
            if tag & 7 == 0 {
                fields.append(.number(tag >> 3, value))
            } else {
                var content = rest.prefix(Int(value))
                rest = rest.dropFirst(Int(value))
                if tag >> 3 == 9 {
                    fields.append(.entry(Array(content)))
                } else {
                    var numbers: [UInt64] = []
                    while !content.isEmpty { numbers.append(Proto.takeVarint(&content)) }
                    fields.append(.column(tag >> 3, numbers))
                }
            }
        }
        return fields
    }

    /// The same fields in another order, numbers in more bytes than they need, and with fields of a later version.
    private func rewritten(_ body: [UInt8], _ random: inout Generator) throws -> [UInt8] {
        let fields = try fields(body)
        // Only entries depend on their order.
        var entries = fields.filter(\.isEntry)[...]
        let shuffled = fields.shuffled(using: &random).map { $0.isEntry ? entries.removeFirst() : $0 }
        var bytes = Proto().number(31, 1).bytes
        func number(_ value: UInt64) -> [UInt8] {
            Proto.varint(value, bytes: random.chance(20) ? .random(in: 1...10, using: &random) : 1)
        }
        func prefixed(_ field: UInt64, _ content: [UInt8]) -> [UInt8] {
            Proto.varint(field << 3 | 2, bytes: .random(in: 1...5, using: &random))
                + Proto.varint(UInt64(content.count), bytes: .random(in: 1...5, using: &random)) + content
        }
        for field in shuffled {
            switch field {
            case .number(let field, let value): bytes += Proto.varint(field << 3) + number(value)
            case .column(let field, let values): bytes += prefixed(field, values.flatMap { number($0) })
            case .entry(let content): bytes += prefixed(9, content + Proto().raw(77, [1, 2]).bytes)
            }
        }
        let samples = prefixed(2, bytes + Proto().raw(2_000, [0xFF]).bytes)
        return Proto().number(5, .max).bytes + samples + Proto().raw(6, [0]).bytes
    }

    @Test("fields in any order, numbers of any length, unknown fields between them", arguments: seeds)
    func rewrittenFrames(seed: UInt64) throws {
        var random = Generator(seed: seed)
        var model = NodeModel(slotLimit: 12)
        var encoder = SampleEncoder()
        var plain = CheckedDecoder()
        var other = CheckedDecoder()
        var (batch, otherBatch) = (SampleBatch(), SampleBatch())
        for sweep in 0..<60 {
            model.sweep(&encoder, &random)
            let frame = try encoder.finish()
            let body = sweep % 20 == 19 ? try encoder.snapshot().body : frame.body
            #expect(try plain.decode(body: body, into: &batch) == .samples)
            #expect(try other.decode(body: rewritten(body, &random), into: &otherBatch) == .samples)
            #expect(batch == otherBatch)
        }
    }

    @Test("a session may be served by any batch, whatever that held before")
    func sharedBatch() throws {
        struct Node {
            var model: NodeModel
            var encoder = SampleEncoder()
            var session = Session()
        }
        var random = Generator(seed: 3)
        var batch = SampleBatch()
        var nodes = [2, 9, 40].map { Node(model: NodeModel(slotLimit: $0)) }
        for index in (0..<40).flatMap({ _ in nodes.indices }) {
            var node = nodes[index]
            node.model.sweep(&node.encoder, &random)
            try node.session.take(node.encoder.finish(), node.model, into: &batch)
            nodes[index] = node
        }
    }
}
