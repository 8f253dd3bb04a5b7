// SPDX-License-Identifier: Apache-2.0
import Synchronization
import TLS
import Wire

/// The TLS settings of both ports, replaced while they are open: a connection keeps those it began with.
final class ServingContexts: Sendable {
    private struct Pair {
        let api: TLSContext
        let push: TLSContext
        var isTemporary = false
    }

    private let pair: Mutex<Pair>

    /// - Parameter isTemporary: nobody can verify it; it only lets the ports be open until the real one is there.
    init(identity: TLSIdentity, isTemporary: Bool = false) throws(TLSError) {
        var first = try Self.contexts(identity)
        first.isTemporary = isTemporary
        pair = Mutex(first)
    }

    /// Public-key work; not on an event loop.
    func replace(identity: TLSIdentity) throws(TLSError) {
        let contexts = try Self.contexts(identity)
        pair.withLock { $0 = contexts }
    }

    var api: TLSContext { pair.withLock { $0.api } }
    var push: TLSContext { pair.withLock { $0.push } }
    var isTemporary: Bool { pair.withLock { $0.isTemporary } }

    /// Neither port verifies clients in the handshake: what a certificate counts for is decided by who asks for what.
    private static func contexts(_ identity: TLSIdentity) throws(TLSError) -> Pair {
        Pair(
            api: try TLSContext.server(identity: identity, clients: .requested, alpn: APIServer.protocols),
            push: try TLSContext.server(
                identity: identity, clients: .requested, alpn: [PushProtocol.alpn], requiresALPN: true))
    }
}
