// SPDX-License-Identifier: Apache-2.0

extension KubeProto {
    /// A message that a client sent, as far as a fake server has to understand it: strings and messages.
    public struct Fields: Sendable {
        private var fields: [(number: UInt64, content: [UInt8])] = []

        /// What is no protobuf has no fields.
        public init(_ bytes: [UInt8]) {
            var rest = bytes[...]
            while let key = Self.varint(&rest) {
                switch key & 7 {
                case 0:
                    guard Self.varint(&rest) != nil else { return }
                case 2:
                    guard let count = Self.varint(&rest), count <= UInt64(rest.count) else { return }
                    fields.append((key >> 3, Array(rest.prefix(Int(count)))))
                    rest = rest.dropFirst(Int(count))
                default: return
                }
            }
        }

        /// The object in the body of a request, out of its envelope.
        public init(body: [UInt8]) {
            self = Fields(Fields(Array(body.dropFirst(4))).bytes(2))
        }

        /// Empty when the field is not there.
        public func bytes(_ number: UInt64) -> [UInt8] { fields.first { $0.number == number }?.content ?? [] }
        public func text(_ number: UInt64) -> String { String(decoding: bytes(number), as: UTF8.self) }
        public func texts(_ number: UInt64) -> [String] {
            fields.filter { $0.number == number }.map { String(decoding: $0.content, as: UTF8.self) }
        }
        public func message(_ number: UInt64) -> Fields { Fields(bytes(number)) }

        /// A map's entries.
        public func map(_ number: UInt64) -> [String: [UInt8]] {
            let entries = fields.filter { $0.number == number }.map { Fields($0.content) }
            return Dictionary(entries.map { ($0.text(1), $0.bytes(2)) }, uniquingKeysWith: { $1 })
        }

        /// The message with another field in the place of those of that number.
        public func with(_ number: UInt64, _ content: [UInt8]) -> KubeProto {
            fields.filter { $0.number != number }.reduce(KubeProto()) { $0.raw($1.number, $1.content) }
                .raw(number, content)
        }

        private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                guard let byte = rest.popFirst() else { return nil }
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
            }
            return nil
        }
    }
}
