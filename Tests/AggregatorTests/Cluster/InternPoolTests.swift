// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Aggregator

@Suite("Values that are kept once")
struct InternPoolTests {
    @Test("equal values are one, and go with their last user")
    func pool() {
        var pool = InternPool<String>()
        for _ in 0..<3 { _ = pool.take("app.kubernetes.io/name") }
        _ = pool.take("other")
        #expect(pool.count == 2)
        pool.release("app.kubernetes.io/name")
        pool.release("app.kubernetes.io/name")
        #expect(pool.count == 2)
        pool.release("app.kubernetes.io/name")
        #expect(pool.count == 1)
        pool.release("app.kubernetes.io/name")
        pool.release("never there")
        #expect(pool.count == 1)
    }
}
