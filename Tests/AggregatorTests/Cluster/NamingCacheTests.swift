// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Testing

@testable import Aggregator

@Suite("What the API server said of nameless containers")
struct NamingCacheTests {
    private let start = ContinuousClock.now

    private func pod(_ name: String = "web", hash: String? = nil) -> ClusterPod {
        ClusterPod(namespace: "shop", name: name, uid: "uid-\(name)", labels: .empty, configHash: hash)
    }

    @Test("a pod that nobody asked about may be asked about")
    func fresh() {
        #expect(NamingCache().mayAsk("uid-web", ["c1"], now: start))
        #expect(NamingCache().known("uid-web") == nil)
    }

    @Test("a container is not asked about again: not at all when it is known, for 5 minutes when it is not")
    func once() {
        var cache = NamingCache()
        cache.remember(pod(), ["c1": "app"], asked: ["c1", "c2"], now: start)
        #expect(cache.known("uid-web")?.names == ["c1": "app"])
        for (seconds, isAsked) in [(11, false), (299, false), (300, true)] {
            #expect(
                cache.mayAsk("uid-web", ["c1", "c2"], now: start + .seconds(seconds)) == isAsked, "after \(seconds) s")
            #expect(!cache.mayAsk("uid-web", ["c1"], now: start + .seconds(seconds)))
        }
    }

    @Test("a container that is new in the pod is asked about, but not within 10 s of the last question")
    func newContainer() {
        var cache = NamingCache()
        cache.remember(pod(), [:], asked: ["c1"], now: start)
        #expect(!cache.mayAsk("uid-web", ["c1", "c3"], now: start + .seconds(9)))
        #expect(cache.mayAsk("uid-web", ["c1", "c3"], now: start + .seconds(10)))
        // An answer for the one says nothing new of the other.
        cache.remember(pod(), ["c3": "app"], asked: ["c3"], now: start + .seconds(10))
        #expect(!cache.mayAsk("uid-web", ["c1"], now: start + .seconds(299)))
        #expect(cache.mayAsk("uid-web", ["c1"], now: start + .seconds(300)))
    }

    @Test("a pod whose answer was of no use is left alone, and what it said before stays")
    func held() {
        var cache = NamingCache()
        cache.remember(pod(), ["c1": "app"], asked: ["c1"], now: start)
        cache.hold(pod(), for: .seconds(60), now: start + .seconds(20))
        #expect(!cache.mayAsk("uid-web", ["c9"], now: start + .seconds(79)))
        #expect(cache.mayAsk("uid-web", ["c9"], now: start + .seconds(80)))
        #expect(cache.known("uid-web")?.names == ["c1": "app"])
    }

    @Test("a static pod is known by the uid of its cgroups")
    func staticPod() {
        var cache = NamingCache()
        cache.remember(pod("etcd", hash: "hash"), ["c1": "etcd"], asked: ["c1"], now: start)
        #expect(cache.known("hash")?.names == ["c1": "etcd"])
        #expect(cache.known("uid-etcd") == nil)
    }

    @Test("it forgets pods that are no more")
    func forgets() {
        var cache = NamingCache()
        for name in ["web", "db"] { cache.remember(pod(name), [name: "app"], asked: ["x"], now: start) }
        #expect(cache.size == 6)
        cache.forget { $0.name == "web" }
        #expect(cache.known("uid-web") == nil && cache.known("uid-db") != nil)
        #expect(cache.size == 3 && cache.podCount == 1)
    }

    @Test("it is bounded: of one pod some hundred ids, of all pods the newest")
    func bounded() {
        var cache = NamingCache()
        let many = (0..<1_000).map { "id-\($0)" }
        let names = Dictionary(uniqueKeysWithValues: many.map { ("named-\($0)", "app") })
        for turn in 0..<200 {
            cache.remember(pod("p\(turn)"), names, asked: many, now: start + .seconds(turn))
            #expect(cache.size <= NamingCache.capacity)
        }
        #expect(cache.known("uid-p199")?.names.count == NamingCache.idsOfAPod)
        #expect(cache.known("uid-p0") == nil)
        #expect(cache.podCount == NamingCache.capacity / (1 + 2 * NamingCache.idsOfAPod))
        // What is beyond the bound is asked about again, as seldom as anything in one pod.
        #expect(!cache.mayAsk("uid-p199", many, now: start + .seconds(208)))
        #expect(cache.mayAsk("uid-p199", many, now: start + .seconds(209)))
    }
}
