// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Aggregator
@testable import MetricsAPI

/// The index against a dictionary that is filtered and sorted for each question.
@Suite("The cluster's pods, whatever changes")
struct PodIndexModelTests {
    private static let selectors = [
        "", "app=web", "app=web,tier=front", "app in (web,db)", "app in (web,none)", "app!=web", "tier", "!tier",
        "app=none", "unit=7", "app=web,unit notin (1,2)",
    ]

    private var random = Generator(seed: 20_261_126)

    private mutating func pod() -> ClusterPod {
        var labels: [String: String] = [:]
        if Bool.random(using: &random) { labels["app"] = ["web", "db", "api"].randomElement(using: &random) }
        if Bool.random(using: &random) { labels["tier"] = ["front", "back"].randomElement(using: &random) }
        // As a StatefulSet's pods have: each its own.
        if Int.random(in: 0..<4, using: &random) == 0 { labels["unit"] = String(Int.random(in: 0..<9, using: &random)) }
        let name = "pod-\(Int.random(in: 0..<12, using: &random))"
        return ClusterPod(
            namespace: ["a", "b", "shop"].randomElement(using: &random) ?? "a", name: name,
            uid: "\(name)-\(Int.random(in: 0..<2, using: &random))", labels: Labels(labels))
    }

    private func selection(_ selector: String, _ namespace: String?) throws -> Selection {
        Selection(namespace: namespace, labels: try LabelSelector(parsing: selector), fields: FieldSelector())
    }

    private func found(_ index: PodIndex, _ selection: Selection, sliceSize: Int) -> [ClusterPod] {
        var cursor = PodCursor(selection)
        var found: [ListedPod] = []
        while !cursor.isAtEnd {
            index.appendSlice(&cursor, to: &found, size: sliceSize)
            cursor.sort(&found)
        }
        return found.map { ClusterPod($0) }
    }

    private func expected(_ model: [String: ClusterPod], _ selection: Selection) -> [ClusterPod] {
        model.values
            .filter { pod in
                (selection.namespace == nil || selection.namespace == pod.namespace) && selection.matches(pod.labels)
            }
            .sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
    }

    @Test("after any changes each selection finds what a look at every pod finds, in order")
    mutating func model() throws {
        var index = PodIndex()
        var model: [String: ClusterPod] = [:]
        for step in 0..<1_500 {
            let pod = pod()
            let key = "\(pod.namespace)/\(pod.name)"
            switch Int.random(in: 0..<20, using: &random) {
            case 0:
                let pods = (0..<20).map { _ in self.pod() }
                model = Dictionary(pods.map { ("\($0.namespace)/\($0.name)", $0) }, uniquingKeysWith: { $1 })
                index.replace(with: pods)
            case 1..<9:
                index.remove(namespace: pod.namespace, name: pod.name, uid: pod.uid)
                if model[key]?.uid == pod.uid { model[key] = nil }
            default:
                index.set(pod)
                model[key] = pod
            }
            #expect(index.count == model.count)
            let selector = Self.selectors[step % Self.selectors.count]
            for namespace in [nil, "a", "shop", "none"] {
                let selection = try selection(selector, namespace)
                let all = expected(model, selection)
                for size in [1, 3, 1_024] {
                    #expect(found(index, selection, sliceSize: size) == all, "\(selector) at step \(step)")
                }
                #expect(index.bound(selection) >= all.count)
            }
        }
    }

    @Test("a list that is interrupted by changes has each pod at most once, in order, and all that stayed")
    mutating func interrupted() throws {
        for round in 0..<300 {
            var index = PodIndex()
            var stayed: [String: ClusterPod] = [:]
            for _ in 0..<30 {
                let pod = pod()
                index.set(pod)
                stayed["\(pod.namespace)/\(pod.name)"] = pod
            }
            let selection = try selection(Self.selectors[round % Self.selectors.count], nil)
            var cursor = PodCursor(selection)
            var found: [ListedPod] = []
            while !cursor.isAtEnd {
                index.appendSlice(&cursor, to: &found, size: 4)
                cursor.sort(&found)
                let changed = pod()
                stayed["\(changed.namespace)/\(changed.name)"] = nil
                if Bool.random(using: &random) {
                    index.set(changed)
                } else if let known = index.entry(namespace: changed.namespace, name: changed.name) {
                    index.remove(namespace: changed.namespace, name: changed.name, uid: known.identity.uid)
                }
            }
            let listed = found.map { ClusterPod($0) }
            let names = listed.map { "\($0.namespace)/\($0.name)" }
            #expect(zip(found, found.dropFirst()).allSatisfy { $0.identity.precedes($1.identity) })
            for pod in expected(stayed, selection) { #expect(listed.contains(pod), "\(pod) is not among \(names)") }
        }
    }

    @Test("a pod keeps its identity until it is made anew or labelled anew, also through a new list")
    func identity() {
        var index = PodIndex()
        let web = ClusterPod(namespace: "shop", name: "web", uid: "u1", labels: Labels(["app": "web"]))
        let twin = ClusterPod(namespace: "shop", name: "web-2", uid: "u2", labels: Labels(["app": "web"]))
        var identity: ObjectIdentity? { index.entry(namespace: "shop", name: "web")?.identity }
        index.set(web)
        let first = identity
        #expect(first != nil)
        index.set(web)
        index.set(twin)
        #expect(identity === first)
        var listed = index.pod(namespace: "shop", name: "web").map { [$0] } ?? []
        listed[0].wanted.place = PodOwners.Place(record: 3, pod: 4)
        index.remember(listed.map(\.wanted)[...])
        index.replace(with: [twin, web])
        #expect(identity === first)
        #expect(index.pod(namespace: "shop", name: "web")?.wanted.place == listed[0].wanted.place)
        // Of a pod that has its handle by now nothing is remembered.
        index.remember([WantedPod(uid: PodUID("other"), handle: listed[0].wanted.handle)])
        #expect(index.pod(namespace: "shop", name: "web")?.wanted.place == PodOwners.Place(record: 3, pod: 4))
        var changed = web
        changed.labels = Labels(["app": "db"])
        index.set(changed)
        #expect(identity !== first && identity?.labels["app"] == "db")
        let second = identity
        changed.uid = "u9"
        index.replace(with: [changed])
        #expect(identity !== second && identity?.uid == "u9")
    }
}
