// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization
import TLS

/// The open connections of a client: the idle ones, to be used again, and all of them, to be closed in the end.
final class ConnectionSet: Sendable {
    private struct State {
        var open: [ObjectIdentifier: Connection] = [:]
        /// The one used last at the end.
        var idle: [Connection] = []
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Keeps track of a connection until its channel is closed. False: the client is shut down, and it is closed.
    func add(_ connection: Connection) -> Bool {
        let isAdded = state.withLock { state in
            if state.isClosed { return false }
            state.open[ObjectIdentifier(connection)] = connection
            return true
        }
        if isAdded {
            connection.channel.closeFuture.whenComplete { _ in self.remove(connection) }
        } else {
            connection.close()
        }
        return isAdded
    }

    private func remove(_ connection: Connection) {
        state.withLock { state in
            state.open[ObjectIdentifier(connection)] = nil
            state.idle.removeAll { $0 === connection }
        }
    }

    /// An idle connection made with `context`, if there is one. Idle ones made with another are closed.
    func takeIdle(_ context: TLSContext) -> Connection? {
        let (taken, old) = state.withLock { state -> (Connection?, [Connection]) in
            let old = state.idle.filter { $0.context !== context }
            state.idle.removeAll { $0.context !== context }
            return (state.idle.popLast(), old)
        }
        for connection in old { connection.close() }
        return taken
    }

    func giveBack(_ connection: Connection) {
        guard connection.channel.isActive else { return }
        state.withLock { state in
            if state.open[ObjectIdentifier(connection)] != nil { state.idle.append(connection) }
        }
    }

    /// Closes the idle ones: one of them was found dead.
    func dropIdle() {
        let idle = state.withLock { state in
            let idle = state.idle
            state.idle = []
            return idle
        }
        for connection in idle { connection.close() }
    }

    /// Closes all, and every one that is added later. Returns when they are closed.
    func close() async {
        let open = state.withLock { state in
            state.isClosed = true
            state.idle = []
            return Array(state.open.values)
        }
        for connection in open { connection.close() }
        for connection in open { _ = try? await connection.channel.closeFuture.get() }
    }
}
