// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console

/// Which pods are printed, and in which order.
struct DumpSelection {
    var sort = DumpSort.name
    var top: Int?
    var namespace: String?
    var pattern: PodPattern?

    init() {}

    init(_ options: DumpOptions) throws(FlagError) {
        sort = options.sort ?? .name
        top = options.top
        namespace = options.namespace
        if let text = options.podPattern { pattern = try PodPattern(text) }
    }

    /// What has to be known of all pods before they can be put in order.
    var neededParts: CgroupDetails.Parts {
        switch sort {
        case .throttle: .throttling
        case .pressure: .pressure
        case .cpu, .memory, .age, .name: []
        }
    }

    func includes(_ pod: DumpPod) -> Bool {
        if namespace == nil, pattern == nil { return true }
        // Who asks for a name means no pod whose name is not known.
        guard let name = pod.name else { return false }
        if let namespace, name.namespace != namespace { return false }
        return pattern?.matches(name.pod) ?? true
    }

    /// The first of them, in order.
    func ordered(_ pods: [DumpPod], at now: Int64) -> [DumpPod] {
        var keyed = pods.map { pod in (key: key(of: pod, at: now), pod: pod) }
        keyed.sort { Self.comes($0.key, $0.pod, before: $1.key, $1.pod) }
        return keyed.prefix(top ?? keyed.count).map { _, pod in
            var pod = pod
            pod.rows.sort { first, second in
                // The sandbox comes last, whatever it uses.
                if first.role != second.role, first.role == .sandbox || second.role == .sandbox {
                    return second.role == .sandbox
                }
                let (a, b) = (key(of: first.figures, at: now), key(of: second.figures, at: now))
                if a != b { return Self.isLarger(a, b) }
                return (first.displayName, first.identity.inode) < (second.displayName, second.identity.inode)
            }
            return pod
        }
    }

    private static func comes(_ key: UInt64?, _ pod: DumpPod, before other: UInt64?, _ otherPod: DumpPod) -> Bool {
        if key != other { return isLarger(key, other) }
        guard let name = pod.name else { return otherPod.name == nil && pod.uid < otherPod.uid }
        guard let otherName = otherPod.name else { return true }
        return (name.namespace, name.pod, pod.uid) < (otherName.namespace, otherName.pod, otherPod.uid)
    }

    /// What is not known is at the end.
    private static func isLarger(_ first: UInt64?, _ second: UInt64?) -> Bool {
        guard let first else { return false }
        guard let second else { return true }
        return first > second
    }

    private func key(of pod: DumpPod, at now: Int64) -> UInt64? {
        let own = key(of: pod.figures, at: now)
        let parts = pod.rows.map { key(of: $0.figures, at: now) }
        switch sort {
        case .throttle, .pressure:
            // A quota is a container's more often than a pod's.
            return (parts + [own]).compactMap(\.self).max()
        case .cpu, .memory:
            if let own { return own }
            let known = parts.compactMap(\.self)
            return known.isEmpty ? nil : known.reduce(0) { sum, part in sum.addingReportingOverflow(part).partialValue }
        case .age, .name: return own
        }
    }

    private func key(of figures: DumpFigures, at now: Int64) -> UInt64? {
        switch sort {
        case .cpu: figures.cpu?.nanocores
        case .memory: figures.workingSetBytes
        case .throttle: figures.throttling?.permille
        case .pressure: figures.worstPressure.map(UInt64.init)
        case .age: figures.age(at: now)
        case .name: nil
        }
    }
}
