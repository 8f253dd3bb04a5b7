// SPDX-License-Identifier: Apache-2.0

/// What one connection may hold or do, whatever its peer and its application want. Bytes and records.
public struct TLSLimits: Sendable {
    /// Application bytes written before the handshake is done, which the channel's own watermark cannot see. A request
    /// and an HTTP/2 preface are a few kB.
    public var handshakeWriteBytes: Int
    /// Application bytes waiting, not yet encrypted, for a peer that does not read. Above the largest single answer
    /// (150,000 pods as JSON are about 100 MB); a well-behaved writer stops at `channel.isWritable` long before.
    public var pendingWriteBytes: Int
    /// Bytes TLS itself sends in answer to what it reads (key updates, alerts) while the channel is not writable. A
    /// peer that provokes more without reading is an attacker.
    public var protocolBytes: Int
    /// Records decrypted before the event loop turns to other connections: 1 MiB of full ones, a short burst of
    /// empty ones.
    public var recordsPerTurn: Int

    public init(
        handshakeWriteBytes: Int = 1 << 20, pendingWriteBytes: Int = 256 << 20, protocolBytes: Int = 64 << 10,
        recordsPerTurn: Int = 64
    ) {
        self.handshakeWriteBytes = handshakeWriteBytes
        self.pendingWriteBytes = pendingWriteBytes
        self.protocolBytes = protocolBytes
        self.recordsPerTurn = recordsPerTurn
    }
}
