// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// What somebody asks about, in any of the words that there are for it.
struct ExplainTarget {
    /// As typed, without the slashes around a path and the scheme of an id (`containerd://…`).
    let text: String
    private let parts: [String]

    /// What a target leads to, as places in `ExplainFacts.pods` and its `containers`.
    enum Match: Equatable {
        case pod(Int)
        case container(Int, Int)
    }

    /// The kubelet itself takes ids of this length.
    private static let shortestID = 6

    init(_ typed: String) {
        let rest = typed.firstRange(of: "://").map { typed[$0.upperBound...] } ?? typed[...]
        parts = rest.split(separator: "/").map(String.init)
        text = parts.joined(separator: "/")
    }

    /// nil: it cannot be one.
    private var idPrefix: String? {
        guard parts.count == 1 else { return nil }
        switch CgroupName(text) {
        case .container(let id, _, _), .misplaced(_, _, let id): return id
        case .overhead, .mount, .sandboxVM: break
        }
        let isHexadecimal = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
        }
        return isHexadecimal && text.utf8.count >= Self.shortestID ? text : nil
    }

    func matches(in facts: ExplainFacts) -> [Match] {
        var found: [Match] = []
        for (index, pod) in facts.pods.enumerated() {
            if isUID(pod.uid) || pod.record.map({ isPath($0.path) }) ?? false || isPod(pod.namespace, pod.name) {
                found.append(.pod(index))
            }
            for (place, container) in pod.containers.enumerated() {
                let record = container.record
                let hasOwn = record.attribution == .own || record.identity.path != pod.record?.path
                if isID(record.identity.containerID) || hasOwn && isPath(record.identity.path)
                    || isContainer(pod.namespace, pod.name, record.name?.container)
                {
                    found.append(.container(index, place))
                }
            }
        }
        return found
    }

    func isUID(_ uid: String) -> Bool { parts.count == 1 && text == uid }

    func isID(_ id: String) -> Bool { idPrefix.map { id.hasPrefix($0) } ?? false }

    /// - Parameter path: relative to a mount, which may stand before it in what was typed.
    func isPath(_ path: String) -> Bool { text == path || text.hasSuffix("/" + path) }

    func isPod(_ namespace: String?, _ name: String?) -> Bool {
        guard let name else { return false }
        return parts == [name] || namespace.map { parts == [$0, name] } ?? false
    }

    func isContainer(_ namespace: String?, _ pod: String?, _ container: String?) -> Bool {
        guard let pod, let container else { return false }
        return parts == [pod, container] || namespace.map { parts == [$0, pod, container] } ?? false
    }

    /// The pods that `POD/CONTAINER` can be about.
    func isContainerOf(_ namespace: String?, _ pod: String?) -> Bool {
        guard let pod, parts.count > 1 else { return false }
        let rest = Array(parts.dropLast())
        return rest == [pod] || namespace.map { rest == [$0, pod] } ?? false
    }
}
