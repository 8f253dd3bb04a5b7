// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// The running pods in the order of answers: by namespace, then by name, in byte order. A value without locks.
///
/// Pods lie in one table and are known by their places in it; namespaces keep them in order, and by their labels.
struct PodIndex: Sendable {
    struct Entry: Sendable {
        /// Shared with answers: the same instance as long as the pod and its labels stay the same.
        fileprivate(set) var identity: ObjectIdentity
        fileprivate(set) var uid: PodUID
        /// In its namespace's `labels`.
        fileprivate(set) var labelSet: UInt32
        /// Where its figures were found last.
        fileprivate(set) var place = PodOwners.Place.nowhere

        /// Of the reference, among an entry's bytes.
        static let identityPlace = MemoryLayout<Entry>.place(of: \.identity)
    }

    struct Namespace: Sendable {
        let name: String
        /// Handles, sorted by the pods' names.
        fileprivate(set) var order: [UInt32] = []
        fileprivate(set) var labels = LabelIndex()
    }

    /// By handle. What is free keeps its last pod until it is reused.
    private(set) var entries: [Entry] = []
    private var free: [UInt32] = []
    /// Sorted by name.
    private(set) var spaces: [Namespace] = []
    private(set) var count = 0
    /// Changes with every change: handles, places and numbers that somebody remembers from another edition mean nothing.
    private(set) var edition: UInt64 = 1

    // MARK: Changing

    /// Adds a pod, or puts it in place of the one with its name, which may be another incarnation.
    mutating func set(_ pod: ClusterPod) {
        let space = space(named: pod.namespace)
        let uid = PodUID(pod.cgroupUID)
        let (place, known) = place(ofPod: pod.name, in: space)
        if let known {
            let entry = entries[Int(known)]
            let isSame = entry.identity.uid == pod.uid && entry.uid == uid
            // Most changes of pods are of parts that are not kept.
            if isSame, entry.identity.labels == pod.labels { return }
            edition += 1
            spaces[space].labels.remove(known, from: entry.labelSet)
            entries[Int(known)] = makeEntry(known, pod, uid, in: space)
        } else {
            edition += 1
            insert(pod, uid, in: space, at: place, keeping: nil)
        }
    }

    /// - Parameter uid: of the pod that is gone; a successor under the same name stays.
    mutating func remove(namespace: String, name: String, uid: String) {
        guard let space = index(ofNamespace: namespace) else { return }
        let (place, known) = place(ofPod: name, in: space)
        guard let known, entries[Int(known)].identity.uid == uid else { return }
        edition += 1
        spaces[space].order.remove(at: place)
        spaces[space].labels.remove(known, from: entries[Int(known)].labelSet)
        free.append(known)
        count -= 1
        if spaces[space].order.isEmpty { spaces.remove(at: space) }
    }

    /// All of `pods` and nothing else; those that are the same as in `known` keep their identity.
    init(_ pods: [ClusterPod] = [], known: PodIndex? = nil) {
        edition = (known?.edition ?? 0) + 1
        var places: [String: [Int]] = [:]
        for index in pods.indices { places[pods[index].namespace, default: []].append(index) }
        entries.reserveCapacity(pods.count)
        spaces.reserveCapacity(places.count)
        for name in places.keys.sorted(by: { $0.precedes($1) }) {
            let sorted = (places[name] ?? []).sorted { left, right in
                pods[left].name == pods[right].name ? left < right : pods[left].name.precedes(pods[right].name)
            }
            let space = spaces.count
            spaces.append(Namespace(name: name))
            spaces[space].order.reserveCapacity(sorted.count)
            for (at, index) in sorted.enumerated() {
                // Of a broken list the last one counts.
                if at + 1 < sorted.count, pods[sorted[at + 1]].name == pods[index].name { continue }
                insert(
                    pods[index], PodUID(pods[index].cgroupUID), in: space, at: spaces[space].order.count, keeping: known
                )
            }
        }
    }

    mutating func replace(with pods: [ClusterPod]) { self = PodIndex(pods, known: self) }

    private mutating func insert(
        _ pod: ClusterPod, _ uid: PodUID, in space: Int, at place: Int, keeping known: PodIndex?
    ) {
        let handle = free.popLast() ?? UInt32(entries.count)
        let entry = makeEntry(handle, pod, uid, in: space, keeping: known)
        if Int(handle) == entries.count { entries.append(entry) } else { entries[Int(handle)] = entry }
        spaces[space].order.insert(handle, at: place)
        count += 1
    }

    /// An entry with its place among the labels.
    private mutating func makeEntry(
        _ handle: UInt32, _ pod: ClusterPod, _ uid: PodUID, in space: Int, keeping known: PodIndex? = nil
    ) -> Entry {
        let set = spaces[space].labels.add(handle, labels: pod.labels)
        if let before = known?.entry(namespace: pod.namespace, name: pod.name), before.uid == uid,
            before.identity.uid == pod.uid, before.identity.labels == pod.labels
        {
            return Entry(identity: before.identity, uid: uid, labelSet: set, place: before.place)
        }
        return Entry(
            identity: ObjectIdentity(
                namespace: spaces[space].name, name: pod.name, uid: pod.uid,
                labels: spaces[space].labels.sets[Int(set)].labels),
            uid: uid, labelSet: set)
    }

    /// The place of a namespace, which is made when there is none.
    private mutating func space(named name: String) -> Int {
        let place = spaces.partitioningIndex { !$0.name.precedes(name) }
        if place == spaces.count || spaces[place].name != name {
            spaces.insert(Namespace(name: name), at: place)
        }
        return place
    }

    /// Remembers where the figures of pods were found that are still what they were.
    mutating func remember(_ pods: ArraySlice<WantedPod>) {
        for pod in pods where Int(pod.handle) < entries.count && entries[Int(pod.handle)].uid == pod.uid {
            entries[Int(pod.handle)].place = pod.place
        }
    }

    // MARK: Looking up

    func listed(_ handle: UInt32) -> ListedPod {
        let entry = entries[Int(handle)]
        return ListedPod(
            identity: entry.identity, wanted: WantedPod(uid: entry.uid, place: entry.place, handle: handle))
    }

    func pod(namespace: String, name: String) -> ListedPod? {
        guard let space = index(ofNamespace: namespace) else { return nil }
        return place(ofPod: name, in: space).known.map { listed($0) }
    }

    func entry(namespace: String, name: String) -> Entry? {
        guard let space = index(ofNamespace: namespace), let handle = place(ofPod: name, in: space).known else {
            return nil
        }
        return entries[Int(handle)]
    }

    func index(ofNamespace name: String) -> Int? {
        let place = spaces.partitioningIndex { !$0.name.precedes(name) }
        return place < spaces.count && spaces[place].name == name ? place : nil
    }

    /// Where the pod of that name is in its namespace's order, or would be.
    func place(ofPod name: String, in space: Int) -> (index: Int, known: UInt32?) {
        let order = spaces[space].order
        let wanted = ObjectIdentity(namespace: spaces[space].name, name: name)
        let index = order.partitioningIndex { !entries[Int($0)].identity.precedes(wanted) }
        guard index < order.count, !wanted.precedes(entries[Int(order[index])].identity) else { return (index, nil) }
        return (index, order[index])
    }
}

extension String {
    /// Byte order, as Go sorts.
    func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}

extension Array {
    /// The first place from which on `predicate` holds; it must not hold before a place where it does.
    func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = low + (high - low) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
