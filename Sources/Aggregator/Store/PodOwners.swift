// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Which node reports a pod: the one that did so first, until it no longer does.
///
/// A pod runs on one node. Whoever else reports its uid is mistaken or lies, and must not be able to change its figures.
final class PodOwners: Sendable {
    private let owners = Mutex<[String: NodeRecord]>([:])
    private let refused: @Sendable (Refusal) -> Void

    /// A node reports a pod that is another's.
    struct Refusal: Sendable {
        let podUID: String
        let claimant: String
        let owner: String
    }

    /// - Parameter refused: called once for each pod that a node claims in vain.
    init(refused: @escaping @Sendable (Refusal) -> Void = { _ in }) {
        self.refused = refused
    }

    /// The node that reports the pod.
    func record(ofPod uid: String) -> NodeRecord? { owners.withLock { $0[uid] } }

    fileprivate func claim(_ uid: String, for record: NodeRecord) -> Bool {
        owners.withLock { owners in
            if let owner = owners[uid] { return owner === record }
            owners[uid] = record
            return true
        }
    }

    fileprivate func release(_ uid: String, of record: NodeRecord) {
        owners.withLock { owners in
            if owners[uid] === record { owners[uid] = nil }
        }
    }

    fileprivate func report(_ uid: String, claimedBy record: NodeRecord) {
        refused(Refusal(podUID: uid, claimant: record.name, owner: self.record(ofPod: uid)?.name ?? ""))
    }

    /// The node is gone.
    func releaseAll(of record: NodeRecord) {
        owners.withLock { owners in owners = owners.filter { $0.value !== record } }
    }
}

/// Whether a node may report a pod.
protocol PodClaims {
    /// Makes the pod this node's if it is nobody's; true if it is this node's then.
    func claim(_ uid: String) -> Bool
    func release(_ uid: String)
    /// A claim was in vain; called once.
    func refused(_ uid: String)
}

/// One node's claims among those of all.
struct SharedClaims: PodClaims {
    let owners: PodOwners
    let record: NodeRecord

    func claim(_ uid: String) -> Bool { owners.claim(uid, for: record) }
    func release(_ uid: String) { owners.release(uid, of: record) }
    func refused(_ uid: String) { owners.report(uid, claimedBy: record) }
}

/// For a node by itself.
struct SoleClaims: PodClaims {
    func claim(_ uid: String) -> Bool { true }
    func release(_ uid: String) {}
    func refused(_ uid: String) {}
}
