// SPDX-License-Identifier: Apache-2.0

/// Where a reflector reports to. Called one call at a time, in order, from an event loop or a task: it must not block.
public protocol ReflectorSink<Object>: Sendable {
    associatedtype Object: KubeObject

    /// This is all there is; what is not among it is gone.
    func replace(with objects: [Object])
    func apply(_ change: KubeChange<Object>)
    /// The copy follows the server again, or for the first time. Once for each change.
    func synced()
    /// The copy may be behind from here on, until ``synced()``. Once for each change, with the first error.
    func disconnected(_ error: KubeError)
}
