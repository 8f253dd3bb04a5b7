// SPDX-License-Identifier: Apache-2.0

/// What the API server has said about pods with nameless containers, so that it is not asked twice. A value without locks
/// or clocks.
///
/// A node's series may come anew with all its containers, and a sandbox that passes for a container never gets a name.
struct NamingCache {
    typealias Instant = ContinuousClock.Instant

    /// A container that the API server does not know is not asked about again for this long.
    static let unknownLifetime: Duration = .seconds(300)
    /// Between two questions about one pod, however many containers come and go in it.
    static let pause: Duration = .seconds(10)
    /// Ids kept of one pod. Beyond these the pod is asked about again after each `pause`.
    static let idsOfAPod = 256
    /// Ids and pods kept in all, about 10 MB of them; the pods that were asked about longest ago make room.
    static let capacity = 32_768

    private struct Entry {
        let pod: ClusterPod
        let asked: Instant
        var notBefore: Instant
        /// By the container's id.
        var names: [String: String] = [:]
        /// Ids that were asked for in vain, each until when that counts.
        var unknown: [String: Instant] = [:]

        var size: Int { 1 + names.count + unknown.count }
    }

    /// By the uid that the pods' cgroups carry.
    private var entries: [String: Entry] = [:]
    /// Of all entries; kept so that nothing has to be counted.
    private(set) var size = 0

    var podCount: Int { entries.count }

    /// The pod and its containers' names by their ids, as the API server last told them.
    func known(_ uid: String) -> (pod: ClusterPod, names: [String: String])? {
        entries[uid].flatMap { $0.names.isEmpty ? nil : ($0.pod, $0.names) }
    }

    /// Whether to ask about a pod for the sake of these containers.
    func mayAsk(_ uid: String, _ ids: [String], now: Instant) -> Bool {
        guard let entry = entries[uid] else { return true }
        guard entry.notBefore <= now else { return false }
        return ids.contains { id in entry.names[id] == nil && entry.unknown[id].map { $0 <= now } ?? true }
    }

    /// Takes an answer.
    /// - Parameter asked: the ids that it was wanted for.
    mutating func remember(_ pod: ClusterPod, _ names: [String: String], asked: [String], now: Instant) {
        var entry = Entry(pod: pod, asked: now, notBefore: now + Self.pause)
        entry.names = Dictionary(names.prefix(Self.idsOfAPod).map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
        entry.unknown = entries[pod.cgroupUID]?.unknown.filter { $0.value > now && names[$0.key] == nil } ?? [:]
        for id in asked where names[id] == nil && entry.unknown.count < Self.idsOfAPod {
            entry.unknown[id] = now + Self.unknownLifetime
        }
        store(entry)
    }

    /// There was no usable answer: the pod is left alone for a while.
    mutating func hold(_ pod: ClusterPod, for duration: Duration, now: Instant) {
        var entry = entries[pod.cgroupUID] ?? Entry(pod: pod, asked: now, notBefore: now)
        entry.notBefore = now + duration
        store(entry)
    }

    /// Forgets pods that are no more.
    mutating func forget(where isGone: (ClusterPod) -> Bool) {
        for (uid, entry) in entries where isGone(entry.pod) { drop(uid) }
    }

    private mutating func store(_ entry: Entry) {
        drop(entry.pod.cgroupUID)
        while size + entry.size > Self.capacity, let oldest = entries.min(by: { $0.value.asked < $1.value.asked })?.key
        {
            drop(oldest)
        }
        entries[entry.pod.cgroupUID] = entry
        size += entry.size
    }

    private mutating func drop(_ uid: String) {
        size -= entries.removeValue(forKey: uid)?.size ?? 0
    }
}
