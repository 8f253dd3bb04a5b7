// SPDX-License-Identifier: Apache-2.0

/// A protobuf message taken apart without a schema.
struct TestProtobuf {
    enum Value {
        case varint(UInt64)
        case bytes([UInt8])
    }

    var fields: [(number: Int, value: Value)] = []

    struct Malformed: Error {}

    init(_ bytes: [UInt8]) throws {
        var at = 0
        func varint() throws -> UInt64 {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while true {
                guard at < bytes.count, shift < 64 else { throw Malformed() }
                let byte = bytes[at]
                at += 1
                value |= UInt64(byte & 0x7f) << shift
                if byte & 0x80 == 0 {
                    // A padded varint is legal, but not what Go writes.
                    if byte == 0 && shift > 0 { throw Malformed() }
                    return value
                }
                shift += 7
            }
        }
        while at < bytes.count {
            let tag = try varint()
            switch tag & 7 {
            case 0: self.fields.append((Int(tag >> 3), .varint(try varint())))
            case 2:
                let length = Int(try varint())
                guard length <= bytes.count - at else { throw Malformed() }
                self.fields.append((Int(tag >> 3), .bytes(Array(bytes[at..<at + length]))))
                at += length
            default: throw Malformed()
            }
        }
    }

    func all(_ number: Int) throws -> [TestProtobuf] {
        try self.fields.compactMap { field in
            guard field.number == number, case .bytes(let bytes) = field.value else { return nil }
            return try TestProtobuf(bytes)
        }
    }

    func message(_ number: Int) throws -> TestProtobuf {
        guard let first = try self.all(number).first else { throw Malformed() }
        return first
    }

    func strings(_ number: Int) -> [String] {
        self.fields.compactMap { field in
            guard field.number == number, case .bytes(let bytes) = field.value else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    func string(_ number: Int) -> String? { self.strings(number).first }

    func integer(_ number: Int) -> Int64? {
        for field in self.fields where field.number == number {
            if case .varint(let value) = field.value { return Int64(bitPattern: value) }
        }
        return nil
    }

    /// map<string, string>
    func map(_ number: Int) throws -> [String: String] {
        Dictionary(uniqueKeysWithValues: try self.all(number).map { ($0.string(1) ?? "", $0.string(2) ?? "") })
    }

    /// map<string, Quantity>
    func quantities(_ number: Int) throws -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: try self.all(number).map { ($0.string(1) ?? "", try $0.message(2).string(1) ?? "") })
    }
}

/// The Kubernetes envelope around a protobuf body.
struct TestEnvelope {
    var apiVersion: String
    var kind: String
    var object: TestProtobuf

    init(_ body: [UInt8]) throws {
        guard body.starts(with: [0x6b, 0x38, 0x73, 0x00]) else { throw TestProtobuf.Malformed() }
        let unknown = try TestProtobuf(Array(body.dropFirst(4)))
        let meta = try unknown.message(1)
        self.apiVersion = meta.string(1) ?? ""
        self.kind = meta.string(2) ?? ""
        self.object = try unknown.message(2)
    }
}
