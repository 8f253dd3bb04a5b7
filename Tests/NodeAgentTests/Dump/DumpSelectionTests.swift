// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console
import Testing

@testable import NodeAgent

@Suite("Which pods --dump prints, and in which order")
struct DumpSelectionTests {
    private func pod(_ name: String, namespace: String = "default", _ rows: [DumpRow] = [], cpu: UInt64? = 1) -> DumpPod
    {
        .of([.app(pod: name, namespace: namespace)] + rows, uid: name, cpu: cpu)
    }

    private func selection(_ change: (inout DumpOptions) -> Void) throws -> DumpSelection {
        var options = DumpOptions()
        change(&options)
        return try DumpSelection(options)
    }

    private func order(_ pods: [DumpPod], _ change: (inout DumpOptions) -> Void) throws -> [String] {
        try selection(change).ordered(pods, at: reportTime).map(\.uid)
    }

    @Test("by name as kubectl lists them, pods without a name last")
    func byName() throws {
        let pods = [
            .bare([.unknown()], uid: "z"), .bare([.unknown()], uid: "y"), pod("b"), pod("a", namespace: "zoo"),
            pod("a"),
        ]
        let names = try selection { _ in }.ordered(pods, at: reportTime).map(\.displayName)
        #expect(names == ["default/a", "default/b", "zoo/a", "uid:y", "uid:z"])
    }

    @Test("by CPU and by memory the largest first, the unknown last, and by name among equals")
    func bySize() throws {
        let pods = [pod("a", cpu: 5), pod("none", cpu: nil), pod("c", cpu: 90), pod("b", cpu: 90)]
        // What the pod's own cgroup does not tell, its containers do.
        #expect(try order(pods) { $0.sort = .cpu } == ["none", "b", "c", "a"])
        let memory: [DumpPod] = [
            .of([.app()], uid: "small", memory: 1), .of([.unknown()], uid: "unknown", memory: nil),
            .of([.app()], uid: "large", memory: 2),
        ]
        #expect(try order(memory) { $0.sort = .memory } == ["large", "small", "unknown"])
    }

    @Test("by throttling and by pressure the worst container counts for its pod")
    func byWorst() throws {
        func throttled(_ count: UInt64) -> DumpRow { .app(throttling: ThrottledPeriods(periods: 10, throttled: count)) }
        #expect(
            try order([pod("a"), pod("b", [throttled(3)]), pod("c", [throttled(9), throttled(0)])]) {
                $0.sort = .throttle
            } == ["c", "b", "a"])
        func waiting(_ average: UInt32) -> DumpRow {
            var details = CgroupDetails()
            details.ioPressure = .average(average)
            details.cpuPressure = .average(1)
            return .app(details: details)
        }
        #expect(
            try order([pod("a"), pod("b", [waiting(3)]), pod("c", [waiting(9)])]) { $0.sort = .pressure }
                == ["c", "b", "a"])
    }

    @Test("by age the oldest first")
    func byAge() throws {
        let pods: [DumpPod] = [
            .of([.app()], uid: "new", start: reportTime - 5), .of([.app()], uid: "unknown", start: nil),
            .of([.app()], uid: "old", start: reportTime - 50),
        ]
        #expect(try order(pods) { $0.sort = .age } == ["old", "new", "unknown"])
    }

    @Test("containers are in the same order within their pod, and the sandbox comes last", arguments: DumpSort.allCases)
    func rows(_ sort: DumpSort) throws {
        let rows: [DumpRow] = [
            .sandbox(cpu: 9_000_000_000, memory: 1 << 40), .app("b", cpu: 5), .app("a", cpu: 1), .unknown(),
        ]
        let ordered = try selection { $0.sort = sort }.ordered([.of(rows)], at: reportTime)
        let names = ordered[0].rows.map(\.displayName)
        #expect(names.last == "(sandbox)" && names.count == 4)
        if sort == .cpu { #expect(names.prefix(3) == ["b", "a", "(deadbeef0123)"]) }
        if sort == .name { #expect(names.prefix(3) == ["(deadbeef0123)", "a", "b"]) }
    }

    @Test("--top takes the first pods of the order, and all when there are fewer")
    func top() throws {
        let pods = [pod("a", cpu: 1), pod("b", cpu: 3), pod("c", cpu: 2)]
        #expect(
            try order(pods) {
                $0.sort = .cpu
                $0.top = 2
            } == ["b", "c"])
        #expect(try order(pods) { $0.top = 9 } == ["a", "b", "c"])
    }

    @Test("a namespace is compared as a whole, a pattern is searched in the pod's name")
    func filters() throws {
        func included(_ change: (inout DumpOptions) -> Void) throws -> [String] {
            let selection = try selection(change)
            return [
                pod("web-1"), pod("web-2", namespace: "shop"), pod("db", namespace: "shop"), .bare([.unknown()]),
            ].filter { selection.includes($0) }.map(\.displayName)
        }
        #expect(try included { _ in }.count == 4)
        #expect(try included { $0.namespace = "shop" } == ["shop/web-2", "shop/db"])
        #expect(try included { $0.namespace = "sho" } == [])
        #expect(try included { $0.podPattern = "eb-[0-9]$" } == ["default/web-1", "shop/web-2"])
        #expect(try included { $0.podPattern = "^(db|web-1)$" } == ["default/web-1", "shop/db"])
        #expect(
            try included {
                $0.namespace = "shop"
                $0.podPattern = "web"
            } == ["shop/web-2"])
    }

    @Test(
        "a pattern that is none is refused in the C library's words",
        arguments: ["(", "[a", "a{2,1}", "*", "a**{"])
    func badPattern(_ pattern: String) throws {
        do throws(FlagError) {
            _ = try PodPattern(pattern)
            // POSIX leaves it open what a lone repetition means; it must only not crash.
            #expect(pattern.hasPrefix("*") || pattern.hasSuffix("{"))
        } catch {
            #expect(error.message.hasPrefix("\"\(pattern)\" is not a regular expression: "))
            #expect(error.message.count > "\"\(pattern)\" is not a regular expression: ".count + 5)
        }
    }
}
