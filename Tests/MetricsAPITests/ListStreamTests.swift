// SPDX-License-Identifier: Apache-2.0

import Formats
import Testing

@testable import MetricsAPI

/// Lists are written in chunks of any size, and are the same to the byte.
struct ListStreamTests {
    static let protobuf = "application/vnd.kubernetes.protobuf"
    static let metadata = "as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    static let formats = [
        "application/json", "application/json;pretty=1", "application/yaml", protobuf,
        "application/json;as=Table;v=v1;g=meta.k8s.io", "application/yaml;as=Table;v=v1;g=meta.k8s.io",
        "application/json;\(metadata)", "application/yaml;\(metadata)", "\(protobuf);\(metadata)",
        "\(protobuf);\(metadata)beta1",
    ]

    /// Everything that makes sizes differ.
    static func cluster(pods count: Int) -> TestCluster {
        let texts = ["plain", "", "a\"b\\", "<é&\u{2028}>", String(repeating: "n", count: 130)]
        let numbers: [UInt64] = [0, 1, 999, 1000, 12_345, 1 << 20, 1_000_000_000, 1 << 63, .max]
        var cluster = TestCluster()
        cluster.allPods = (0..<count).map { at in
            PodFigures(
                namespace: texts[at % 5], name: "\(texts[at / 5 % 5])-\(at)", uid: texts[at / 25 % 5],
                labels: at % 3 == 0 ? .empty : Labels([texts[at % 4]: texts[at / 4 % 5], "b": "\(at)"]),
                timestampUnixNanoseconds: [TestCluster.timestamp, 0, -1, .max, .min][at % 5],
                windowNanoseconds: [15_000_000_000, -5, 0, .max, .min][at / 2 % 5],
                containers: (0..<(at == 7 ? 200 : at % 4)).map { container in
                    ContainerFigures(
                        name: texts[(at + container) % 5],
                        usage: ResourceUsage(
                            cpuNanocores: numbers[(at + container) % 9], memoryBytes: numbers[(at / 3 + container) % 9],
                            swapBytes: (at + container) % 3 == 0 ? numbers[at % 9] : nil))
                })
        }
        cluster.allNodes = cluster.allPods.filter { !$0.containers.isEmpty }.map {
            NodeFigures(
                name: $0.name, labels: $0.labels, timestampUnixNanoseconds: $0.timestampUnixNanoseconds,
                windowNanoseconds: $0.windowNanoseconds, usage: $0.containers[0].usage)
        }
        return cluster
    }

    /// In chunks of at most `capacity` bytes, but for rows that are larger.
    static func chunks(_ stream: some BodyStream, capacity: Int) -> [[UInt8]] {
        var stream = stream
        var chunks: [[UInt8]] = []
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 1)
        defer { memory.deallocate() }
        while true {
            var out = ByteWriter(lending: memory)
            let progress = stream.next(into: &out)
            chunks.append(out.bytes)
            if progress != .more { return chunks }
        }
    }

    /// Answers about none, one and many pods and nodes, each as a stream and as a whole.
    private func answers(_ accept: String) throws -> [(stream: any BodyStream, whole: [UInt8])] {
        try ["\(base)/pods", "\(base)/nodes"].flatMap { path in
            try [0, 1, 150].map { count in
                let answer = ask(path, accept: accept, of: Self.cluster(pods: count))
                guard case .stream(let stream) = answer.body else { throw NoStream() }
                return (stream, answer.bytes)
            }
        }
    }

    private struct NoStream: Error {}

    @Test("the chunks of a list make up the whole", arguments: formats, [1, 600, 64 << 10])
    func chunks(accept: String, capacity: Int) throws {
        for (stream, whole) in try self.answers(accept) {
            let chunks = Self.chunks(stream, capacity: capacity)
            #expect(chunks.allSatisfy { !$0.isEmpty })
            #expect(Array(chunks.joined()) == whole)
            if capacity == 64 << 10 { #expect(chunks.allSatisfy { $0.count <= capacity }) }
        }
    }

    @Test("the length of a protobuf list is known before it is written, of others about", arguments: formats)
    func length(accept: String) throws {
        for (stream, whole) in try self.answers(accept) {
            #expect(stream.length == (accept.hasPrefix(Self.protobuf) ? whole.count : nil))
            #expect(stream.estimatedLength != nil)
        }
    }

    @Test("a large list is written in larger chunks", arguments: [(4_000, 64 << 10), (4_001, 256 << 10)])
    func chunkBytes(count: Int, bytes: Int) throws {
        guard case .stream(let stream) = ask("\(base)/pods", of: Self.cluster(pods: count)).body else {
            throw NoStream()
        }
        #expect(stream.chunkBytes == bytes)
    }

    @Test("a row is measured by the figures that it has in the end, whatever was appended and taken back")
    func takenBack() throws {
        let figures = ["a", "longer"].map {
            ContainerFigures(name: $0, usage: ResourceUsage(cpuNanocores: 12_345, memoryBytes: 1 << 20))
        }
        var list = FiguresList(.pods)
        for name in ["gone", "left", "whole"] { list.expect(ObjectIdentity(namespace: "ns", name: name, uid: "u")) }
        for (row, kept) in [(2, 2), (1, 1)] {
            let first = list.usages.count
            for figures in figures + figures { list.append(usage: figures) }
            list.dropUsages(from: first + kept)
            list.complete(
                row: row, timestampUnixNanoseconds: TestCluster.timestamp, windowNanoseconds: 15_000_000_000,
                version: 1,
                firstUsage: first)
        }
        list.dropIncomplete()
        let encoder = MetricsEncoder(list, version: .v1beta1, nowUnixNanoseconds: TestCluster.timestamp)
        let stream = ListStream(encoder, .protobuf, .compact)
        let bytes = Array(Self.chunks(stream, capacity: 1_024).joined())
        #expect(stream.length == bytes.count)
        let pods = try TestEnvelope(bytes).object.all(2)
        #expect(try pods.map { try $0.message(1).string(1) } == ["left", "whole"])
        #expect(try pods.map { try $0.all(4).count } == [1, 2])
    }

    @Test("a list laid out for people is the compact one, laid out", arguments: [0, 1, 150])
    func layouts(count: Int) throws {
        let cluster = Self.cluster(pods: count)
        for path in ["\(base)/pods", "\(base)/nodes"] {
            for query in ["as=Table;v=v1;g=meta.k8s.io", Self.metadata, ""] {
                let compact = ask(path, accept: "application/json;\(query)", of: cluster).bytes
                let tree = try #require(JSONValue(parsing: compact))
                var indented = ByteWriter()
                tree.writeIndented(to: &indented)
                #expect(
                    ask(path, query: "pretty=1", accept: "application/json;\(query)", of: cluster).bytes
                        == indented.bytes)
                var yaml = ByteWriter()
                tree.writeYAML(to: &yaml)
                #expect(ask(path, accept: "application/yaml;\(query)", of: cluster).bytes == yaml.bytes)
            }
        }
    }

    @Test("a namespace of nothing is still told, a node's never is")
    func namespaces() throws {
        let pods = try TestEnvelope(
            ask("\(base)/pods", accept: Self.protobuf, of: Self.cluster(pods: 5)).bytes
        ).object.all(2)
        #expect(try pods.map { try $0.message(1).string(3) }.contains(""))
        let nodes = try TestEnvelope(
            ask("\(base)/nodes", accept: Self.protobuf, of: Self.cluster(pods: 5)).bytes
        ).object.all(2)
        #expect(try nodes.allSatisfy { try $0.message(1).string(3) == nil })
    }
}
