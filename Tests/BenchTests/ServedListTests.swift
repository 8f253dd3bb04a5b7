// SPDX-License-Identifier: Apache-2.0
import KubeTestSupport
import Testing

@testable import Bench

@Suite("What the bench reads of a list")
struct ServedListTests {
    private static func list(_ times: [(seconds: UInt64, nanoseconds: UInt64)]) -> [UInt8] {
        KubeProto.list(
            "metrics.k8s.io/v1beta1", "PodMetricsList", version: "1",
            times.map { time in
                KubeProto().message(1, KubeProto.metadata("web"))
                    .message(2, KubeProto().number(1, time.seconds).number(2, time.nanoseconds))
                    .message(4, KubeProto().text(1, "server"))
            })
    }

    @Test("Each item's timestamp")
    func timestamps() throws {
        let body = Self.list([(1_790_000_000, 0), (1_790_000_001, 5)])
        #expect(
            try ServedList.timestamps(protobuf: body) == [1_790_000_000_000_000_000, 1_790_000_001_000_000_005])
        #expect(try ServedList.timestamps(protobuf: Self.list([])) == [])
    }

    @Test("What is cut off or no list in protobuf is an error, not fewer items")
    func malformed() {
        let body = Self.list([(1, 0), (2, 0)])
        // The envelope's last fields may be missing: they are empty.
        for length in 4..<body.count - 4 {
            #expect((try? ServedList.timestamps(protobuf: Array(body.prefix(length))).count) ?? 0 == 0)
        }
        #expect(throws: BenchError.self) { try ServedList.timestamps(protobuf: Array("{\"items\":[]}".utf8)) }
    }

    @Test("A text is counted as often as it is there")
    func count() {
        #expect(ServedList.count(of: "ab", in: Array("abab-a-ab".utf8)) == 3)
        #expect(ServedList.count(of: "ab", in: Array("aaab".utf8)) == 1)
        #expect(ServedList.count(of: "ab", in: Array("a".utf8)) == 0)
    }
}
