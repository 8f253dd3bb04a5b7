// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Which node reports a pod: the one that did so first, until it no longer does.
///
/// A pod runs on one node. Whoever else reports its uid is mistaken or lies, and must not be able to change its figures.
///
/// So this is also the index by which a pod's figures are found.
final class PodOwners: Sendable {
    /// Where a pod's figures are.
    struct Place: Equatable, Sendable {
        /// The node's number among the records.
        let record: UInt32
        /// The pod's number on that node.
        let pod: UInt16

        /// Of a pod that no node reports.
        static let nowhere = Place(record: .max, pod: 0)
    }

    private struct State {
        var places: [PodUID: Place] = [:]
        /// By number; nil where none is.
        var records: [NodeRecord?] = []
        var free: [UInt32] = []

        func record(_ place: Place) -> NodeRecord? { records[Int(place.record)] }
    }

    private let state = Mutex(State())
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

    // MARK: Looking up

    /// The node that reports the pod.
    func record(ofPod uid: String) -> NodeRecord? {
        state.withLock { state in state.places[PodUID(uid)].flatMap { state.record($0) } }
    }

    /// Looks up where the figures of pods are; others have their turn now and then.
    ///
    /// It may not hold any more when it is used: the pod may have left, and its number, or the node's, be another's. So
    /// whoever looks there compares the uid.
    /// - Parameter indices: of the pods to look up.
    func locate(_ pods: inout [WantedPod], _ indices: [Int]) {
        for start in stride(from: 0, to: indices.count, by: Self.slice) {
            state.withLock { state in
                for index in indices[start..<min(start + Self.slice, indices.count)] {
                    pods[index].place = state.places[pods[index].uid] ?? .nowhere
                }
            }
        }
    }

    /// How many pods are looked up while others wait.
    private static let slice = 1_024

    /// By the numbers that places tell.
    var records: [NodeRecord?] { state.withLock { $0.records } }

    // MARK: Nodes

    /// - Returns: the node's number, until it is removed.
    func add(_ record: NodeRecord) -> UInt32 {
        state.withLock { state in
            if let number = state.free.popLast() {
                state.records[Int(number)] = record
                return number
            }
            state.records.append(record)
            return UInt32(state.records.count - 1)
        }
    }

    /// The node is gone, and has given its pods back.
    func remove(_ number: UInt32) {
        state.withLock { state in
            guard state.records[Int(number)] != nil else { return }
            state.records[Int(number)] = nil
            state.free.append(number)
        }
    }

    // MARK: Claims

    fileprivate func claim(_ uid: PodUID, as place: Place) -> Bool {
        state.withLock { state in
            if let owner = state.places[uid], owner.record != place.record { return false }
            state.places[uid] = place
            return true
        }
    }

    fileprivate func release(_ uid: PodUID, of record: UInt32) {
        state.withLock { state in
            if state.places[uid]?.record == record { state.places[uid] = nil }
        }
    }

    fileprivate func report(_ uid: PodUID, claimedBy record: UInt32) {
        let (claimant, owner) = state.withLock { state in
            (state.records[Int(record)]?.name, state.places[uid].flatMap { state.record($0)?.name })
        }
        refused(Refusal(podUID: uid.text, claimant: claimant ?? "", owner: owner ?? ""))
    }
}

/// Whether a node may report a pod.
protocol PodClaims {
    /// Makes the pod this node's if it is nobody's; true if it is this node's then.
    /// - Parameter number: the pod's on this node; it stays until the pod is released.
    func claim(_ uid: PodUID, as number: UInt16) -> Bool
    func release(_ uid: PodUID)
    /// A claim was in vain; called once.
    func refused(_ uid: PodUID)
}

/// One node's claims among those of all.
struct SharedClaims: PodClaims {
    let owners: PodOwners
    /// The node's number.
    let record: UInt32

    func claim(_ uid: PodUID, as number: UInt16) -> Bool {
        owners.claim(uid, as: PodOwners.Place(record: record, pod: number))
    }
    func release(_ uid: PodUID) { owners.release(uid, of: record) }
    func refused(_ uid: PodUID) { owners.report(uid, claimedBy: record) }
}

/// For a node by itself.
struct SoleClaims: PodClaims {
    func claim(_ uid: PodUID, as number: UInt16) -> Bool { true }
    func release(_ uid: PodUID) {}
    func refused(_ uid: PodUID) {}
}
