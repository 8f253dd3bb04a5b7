// SPDX-License-Identifier: Apache-2.0
import Synchronization

@testable import KubeAPI

/// A copy of a collection, and what was reported to it.
final class RecordingSink<Object: KubeObject>: ReflectorSink {
    private struct State {
        var objects: [String: Object] = [:]
        /// `+name`, `~name`, `-name`, `synced`, `lost CODE`, `all COUNT`.
        var log: [String] = []
    }

    private let state = Mutex(State())

    var names: [String] { state.withLock { $0.objects.keys.sorted() } }
    var log: [String] { state.withLock { $0.log } }
    func object(_ name: String) -> Object? { state.withLock { $0.objects[name] } }

    func replace(with objects: [Object]) {
        state.withLock { state in
            state.objects = Dictionary(objects.map { ($0.metadata.name, $0) }) { $1 }
            state.log.append("all \(objects.count)")
        }
    }

    func apply(_ change: KubeChange<Object>) {
        state.withLock { state in
            switch change {
            case .added(let object):
                state.objects[object.metadata.name] = object
                state.log.append("+\(object.metadata.name)")
            case .modified(let object):
                state.objects[object.metadata.name] = object
                state.log.append("~\(object.metadata.name)")
            case .deleted(let object):
                state.objects[object.metadata.name] = nil
                state.log.append("-\(object.metadata.name)")
            }
        }
    }

    func synced() { state.withLock { $0.log.append("synced") } }
    func disconnected(_ error: KubeError) { state.withLock { $0.log.append("lost \(error.code.rawValue)") } }
}
