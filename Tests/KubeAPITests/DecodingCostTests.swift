// SPDX-License-Identifier: Apache-2.0
import Glibc
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

    /// This thread's own CPU time: what others take from it on a busy machine is not its cost.
    private func cost(_ body: [UInt8]) throws -> Duration {
        let start = Self.cpuTime
        let page = try body.page()
        let taken = Self.cpuTime - start
        #expect(page.objects.count == KubeClient.pageSize)
        return taken
    }

    private static var cpuTime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    @Test("8 KB of managedFields an object are skipped, not read")
    func managedFields() throws {
        let (lean, fat) = (Self.page(managedBytes: 0), Self.page(managedBytes: 8192))
        #expect(fat.count > 10 * lean.count)
        // The shortest of some runs, taken in turn.
        var (leanTime, fatTime) = (Duration.seconds(3600), Duration.seconds(3600))
        for _ in 0..<7 {
            leanTime = min(leanTime, try cost(lean))
            fatTime = min(fatTime, try cost(fat))
        }
        print("500 objects: \(leanTime) for \(lean.count) bytes, \(fatTime) for \(fat.count) bytes")
        // Read, they would cost some thirty times as much; in an optimized build skipping them costs 3 %, and this leaves
        // room for caches that are not ours alone.
        #expect(fatTime < leanTime * 3)
    }
}
