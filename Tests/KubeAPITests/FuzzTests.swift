// SPDX-License-Identifier: Apache-2.0
import Glibc
import KubeTestSupport
import NIOCore
import TLSTestSupport
import Testing

@testable import KubeAPI

/// Nothing here expects a certain answer: only that there is one.
@Suite("Any bytes give a value or a typed error")
struct FuzzTests {
    /// A few that never change, and one that is new in every run. A failing test names its seed.
    static let seeds: [UInt64] = [1, 2, 3, 4, .random(in: 1_000...UInt64.max)]

    /// SplitMix64.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            let mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            return (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        }
    }

    /// One well-formed body for each decoder.
    static let bodies: [[UInt8]] = {
        let meta = KubeProto.metadata(
            "n", labels: ["a": "b", "c": "d"], annotations: ["x": "y"], managedBytes: 30)
        let user = KubeProto().text(1, "u").text(2, "id").text(3, "g")
            .message(4, KubeProto().text(1, "k").message(2, KubeProto().text(1, "v")))
        let condition = KubeProto().text(1, "Available").text(2, "True").text(4, "r").text(5, "m")
        let service = KubeProto().text(1, "ns").text(2, "svc").number(3, 443)
        let address = KubeProto().text(1, "10.0.0.1").message(2, KubeProto().text(1, "Pod").text(3, "p")).text(4, "n")
        let objects = [
            KubeProto.configMap(meta, ["k": "v"]).message(3, KubeProto().text(1, "b").raw(2, [0, 255])),
            KubeProto().message(1, meta).message(2, KubeProto().text(10, "node")),
            KubeProto.pod(meta, containers: ["containerd://1": "a"], initContainers: ["docker://2": "b"]),
            KubeProto().message(
                3, KubeProto().number(1, 1).message(2, user).text(3, "e").text(4, "aud")),
            KubeProto().message(3, KubeProto().number(1, 1).text(2, "r").text(3, "e").number(4, 0)),
            KubeProto().message(1, meta).message(2, KubeProto().message(1, service).number(4, 1).text(5, "PEM"))
                .message(3, KubeProto().message(1, condition)),
            KubeProto().message(1, meta).message(
                2,
                KubeProto().message(1, address).message(2, address).message(
                    3, KubeProto().text(1, "https").number(2, 443))),
        ]
        return objects.map(\.bytes) + objects.map { KubeProto.envelope("v1", "ConfigMap", $0) } + [
            KubeProto.partialList(version: "1", continueToken: "c", [meta, meta]),
            KubeProto.watchEvent("ADDED", KubeProto.partial(meta)),
            KubeProto.watchEvent("ERROR", KubeProto.status(410, "Expired", "old")), KubeProto.status(500, "r", "m"),
            Array(#"{"kind":"Status","code":500,"details":{"retryAfterSeconds":1},"message":"\u00e9"}"#.utf8),
        ]
    }()

    /// Gives bytes to every decoder there is.
    private func feed(_ bytes: [UInt8]) {
        let body = bytes.span.bytes
        let options = KubeDecodingOptions(annotations: ["x"])
        _ = try? Envelope(body)
        _ = try? bytes.page(options)
        _ = try? bytes.page(of: ConfigMap.self, options)
        _ = try? bytes.event(options)
        _ = try? PartialMetadata(protobuf: body, options: options)
        if let map = try? ConfigMap(protobuf: body, options: options) { _ = map.encoded() }
        if let secret = try? Secret(protobuf: body, options: options) { _ = secret.encoded() }
        _ = try? PodPlacement(body)
        _ = try? PodContainers(body)
        _ = try? TokenReviewResult(body)
        _ = try? AccessDecision(body)
        _ = try? APIService(body)
        _ = try? Endpoints(body)
        _ = APIStatus(body: body)
        var splitter = FrameSplitter()
        splitter.append(ByteBuffer(bytes: bytes))
        while (try? splitter.next()) != nil {}
    }

    @Test("random bytes", arguments: seeds)
    func noise(seed: UInt64) {
        var random = Generator(state: seed)
        for _ in 0..<500 {
            feed((0..<Int.random(in: 0...80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
    }

    @Test("mutated bodies", arguments: seeds)
    func mutations(seed: UInt64) {
        var random = Generator(state: seed)
        for _ in 0..<60 {
            for body in Self.bodies {
                var bent = body
                for _ in 0..<Int.random(in: 1...3, using: &random) where !bent.isEmpty {
                    let index = Int.random(in: 0..<bent.count, using: &random)
                    switch Int.random(in: 0..<5, using: &random) {
                    case 0: bent[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                    case 1: bent.remove(at: index)
                    case 2: bent.insert(.random(in: 0...255, using: &random), at: index)
                    case 3: bent.insert(contentsOf: [UInt8](repeating: 0xFF, count: 9), at: index)
                    default: bent.replaceSubrange(index..., with: Self.bodies.randomElement(using: &random) ?? [])
                    }
                }
                feed(bent)
            }
        }
    }

    @Test("bodies cut at every byte")
    func truncations() {
        for body in Self.bodies { for count in body.indices { feed(Array(body.prefix(count))) } }
    }

    /// What fuzzing starts from, and what it has found.
    @Test("the corpus")
    func corpus() {
        let folder = #filePath.split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/Corpus"
        var count = 0
        guard let directory = opendir(folder) else {
            Issue.record("no \(folder)")
            return
        }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix(".") { continue }
            feed(TemporaryDirectory.read("\(folder)/\(name)"))
            count += 1
        }
        #expect(count >= 5)
    }

    @Test("a message of nothing but the smallest entries stays within its memory")
    func manyEntries() throws {
        // Entries of two bytes each: a length of zero. 200,000 of them unpack or are refused; both are fine.
        let entries = [UInt8]((0..<200_000).flatMap { _ in [0x12, 0x00] as [UInt8] })
        feed(KubeProto().message(1, KubeProto.metadata("n")).bytes + entries)
        feed(KubeProto().raw(3, entries).bytes)
    }
}
