// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import MetricsAPI

struct ObjectIdentityTests {
    @Test(
        "what went in comes out",
        arguments: ["", "a", "web-5d8c7b6f9-x2x9k", "é<\"", String(repeating: "n", count: 300)], ["", "uid-1"])
    func parts(text: String, uid: String) {
        for namespace in ["", "default", text] {
            let identity = ObjectIdentity(namespace: namespace, name: text, uid: uid, labels: Labels(["a": text]))
            #expect(identity.name == text)
            #expect(identity.namespace == namespace)
            #expect(identity.uid == uid)
            #expect(identity.labels["a"] == text)
            #expect(identity.isNamed(text) && !identity.isNamed(text + "x"))
            #expect(identity.isIn(namespace: namespace) && !identity.isIn(namespace: namespace + "x"))
        }
    }

    @Test("order is by namespace, then name, in byte order")
    func order() {
        let sorted = [("", "b"), ("a", "a"), ("a", "aa"), ("a", "b"), ("aa", "a"), ("b", ""), ("é", "a")]
            .map { ObjectIdentity(namespace: $0.0, name: $0.1) }
        for (at, left) in sorted.enumerated() {
            for (other, right) in sorted.enumerated() { #expect(left.precedes(right) == (at < other)) }
        }
    }

    @Test("labels are equal by what they say")
    func labels() {
        let labels = Labels(["b": "2", "a": "1", "": "x"])
        #expect(labels == Labels(["a": "1", "b": "2", "": "x"]))
        #expect(labels.hashValue == Labels(["a": "1", "b": "2", "": "x"]).hashValue)
        #expect(labels != Labels(["a": "1", "b": "2"]) && labels != .empty && Labels([:]) == .empty)
        #expect(labels[""] == "x" && labels["a"] == "1" && labels["c"] == nil)
        #expect(labels.pairs.map(\.key) == ["", "a", "b"])
    }

    @Test("names of the usual length take at most 160 bytes of the heap, beside the labels")
    func memory() throws {
        let identity = ObjectIdentity(
            namespace: "team-payments", name: "checkout-worker-5d8c7b6f9-x2x9k",
            uid: "6a9f1c2e-58c1-4f0e-9d27-4f0e9d100000", labels: Labels(["app": "web"]))
        let symbol = try #require(dlsym(nil, "malloc_usable_size"))
        let usableSize = unsafeBitCast(symbol, to: (@convention(c) (UnsafeRawPointer?) -> Int).self)
        // The allocator's own word before each block comes on top.
        let object = usableSize(Unmanaged.passUnretained(identity).toOpaque()) + 8
        let names = identity.withFields { usableSize($0.baseAddress) } + 8
        #expect(object + names <= 160, "\(object) + \(names)")
    }
}
