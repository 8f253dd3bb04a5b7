// SPDX-License-Identifier: Apache-2.0
import KubeTestSupport
import Testing

@testable import KubeAPI

@Suite("Cost of decoding")
struct DecodingCostTests {
    /// A page as a cluster of Deployments gives it.
    static func page(managedBytes: Int) -> [UInt8] {
        KubeProto.partialList(
            version: "1234567", continueToken: "token",
            (0..<KubeClient.pageSize).map { index in
                KubeProto.metadata(
                    "web-frontend-6d4cf56db6-\(index)", namespace: "production",
                    uid: "0b1c7a52-6f0e-4c35-9d0c-\(100_000_000_000 + index)", version: "\(1_000_000 + index)",
                    labels: [
                        "app.kubernetes.io/name": "web-frontend", "app.kubernetes.io/part-of": "shop",
                        "pod-template-hash": "6d4cf56db6",
                    ],
                    annotations: ["kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"],
                    managedBytes: managedBytes)
            })
    }

    /// The shortest of some runs.
    private func time(_ body: [UInt8]) throws -> Duration {
        var shortest = Duration.seconds(3600)
        for _ in 0..<7 {
            let start = ContinuousClock.now
            let page = try body.page()
            shortest = min(shortest, ContinuousClock.now - start)
            #expect(page.objects.count == KubeClient.pageSize)
        }
        return shortest
    }

    @Test("8 KB of managedFields an object are skipped, not read")
    func managedFields() throws {
        let (lean, fat) = (Self.page(managedBytes: 0), Self.page(managedBytes: 8192))
        #expect(fat.count > 10 * lean.count)
        let (leanTime, fatTime) = (try time(lean), try time(fat))
        print("500 objects: \(leanTime) for \(lean.count) bytes, \(fatTime) for \(fat.count) bytes")
        // Read, they would cost some thirty times as much; in an optimized build skipping them costs 3 %, and this leaves
        // room for a busy machine.
        #expect(fatTime < leanTime * 5)
    }
}
