// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization

/// The open connections of a port, so that a shutdown can end them.
final class ConnectionSet: Sendable {
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    func add(_ channel: any Channel) {
        channels.withLock { $0[ObjectIdentifier(channel)] = channel }
    }

    func remove(_ channel: any Channel) {
        channels.withLock { $0[ObjectIdentifier(channel)] = nil }
    }

    var count: Int { channels.withLock { $0.count } }

    /// Closes them all and waits until each is closed; a channel's own close deadline bounds the wait.
    /// - Parameter event: told to each pipeline before.
    func closeAll(telling event: (any Sendable)? = nil) async {
        let open = channels.withLock { Array($0.values) }
        for channel in open {
            if let event { channel.pipeline.fireUserInboundEventTriggered(event) }
            channel.close(promise: nil)
        }
        for channel in open { try? await channel.closeFuture.get() }
    }
}
