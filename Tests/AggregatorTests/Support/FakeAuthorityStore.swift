// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import Synchronization

@testable import Aggregator

/// The replicas' Secret, and what they publish, in memory.
final class FakeAuthorityStore: AuthorityStore {
    struct State {
        var secret: [String: [UInt8]]?
        var version = 1
        var published: [UInt8]?
        var writes = 0
        var readFailure: KubeError?
        var publishFailure: KubeError?
        /// Called once, behind the next read: what another replica does meanwhile.
        var meanwhile: (@Sendable () async -> Void)?
    }

    let state = Mutex(State())

    func read() async throws(KubeError) -> Secret? {
        let (failure, secret, meanwhile) = state.withLock { state in
            defer { state.meanwhile = nil }
            let secret = state.secret.map { data in
                Secret(metadata: ObjectMetadata(name: "ca", resourceVersion: "\(state.version)"), data: data)
            }
            return (state.readFailure, secret, state.meanwhile)
        }
        await meanwhile?()
        if let failure { throw failure }
        return secret
    }

    func create(_ data: [String: [UInt8]]) async throws(KubeError) {
        let isMade = state.withLock { state in
            guard state.secret == nil else { return false }
            state.put(data)
            return true
        }
        if !isMade { throw KubeError(.alreadyExists, "the Secret exists") }
    }

    func update(_ secret: Secret) async throws(KubeError) {
        let isWritten = state.withLock { state in
            guard "\(state.version)" == secret.metadata.resourceVersion, state.secret != nil else { return false }
            state.put(secret.data)
            return true
        }
        if !isWritten { throw KubeError(.conflict, "the Secret has changed") }
    }

    func publish(bundle: [UInt8]) async throws(KubeError) {
        let failure = state.withLock { state in
            if state.publishFailure == nil { state.published = bundle }
            return state.publishFailure
        }
        if let failure { throw failure }
    }

    var secret: [String: [UInt8]]? { state.withLock { $0.secret } }
    var published: [UInt8]? { state.withLock { $0.published } }
    var writes: Int { state.withLock { $0.writes } }

    func put(_ data: [String: [UInt8]]?) {
        state.withLock { $0.put(data) }
    }
}

extension FakeAuthorityStore.State {
    fileprivate mutating func put(_ data: [String: [UInt8]]?) {
        secret = data
        version += 1
        writes += 1
    }
}
