// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// A pod as the directory lists it.
struct ListedPod: Sendable {
    /// What it is called in answers.
    let identity: ObjectIdentity
    var wanted: WantedPod
}
