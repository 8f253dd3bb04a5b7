// SPDX-License-Identifier: Apache-2.0

/// A pod whose figures are wanted.
struct WantedPod: Sendable {
    /// The uid that its cgroups carry, by which samples are found.
    let uid: PodUID
    /// Where they were found last time, which spares looking there by the uid.
    var place = PodOwners.Place.nowhere
    /// Of the directory that listed it.
    var handle: UInt32 = 0
}
