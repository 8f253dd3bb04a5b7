// SPDX-License-Identifier: Apache-2.0
public import NIOCore

/// The buffers that all connections of one event loop read into, one after the other, so that one that waits holds none
/// and one that reads allocates none.
///
/// A channel of its own keeps the buffer of its last read, 2 KiB at least, for as long as it lives. Whoever is handed
/// bytes by a ``TLSHandler`` with such buffers copies what it wants to keep: a buffer that is still referred to when the
/// handler takes it back is replaced.
///
/// Confined to its event loop.
public final class ReadBuffers {
    /// Of one read from the socket: several records, and far more than an agent usually sends at a time.
    private static let ciphertextBytes = 64 << 10
    /// Two full records.
    private static let plaintextBytes = 32 << 10
    /// A buffer that grew beyond this for a burst is not kept.
    private static let mostPlaintextBytes = 256 << 10

    private var ciphertext: ByteBuffer?
    private var plaintext: ByteBuffer?

    public init() {}

    /// Makes the channel read into these buffers.
    /// - Throws: `ChannelError` when it is closed.
    public func install(in channel: any Channel) throws {
        let allocator = Allocator(buffers: NIOLoopBound(self, eventLoop: channel.eventLoop))
        try channel.syncOptions?.setOption(.recvAllocator, value: allocator)
        // With more, NIO keeps so many buffers itself. What is left in the socket is read in the loop's next turn.
        try channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
    }

    private func takeCiphertext(_ allocator: ByteBufferAllocator) -> ByteBuffer {
        Self.take(&ciphertext) ?? allocator.buffer(capacity: Self.ciphertextBytes)
    }

    /// Takes a buffer back from which everything was read.
    func giveBack(ciphertext buffer: ByteBuffer) {
        if buffer.storageCapacity >= Self.ciphertextBytes { ciphertext = buffer }
    }

    func takePlaintext(_ allocator: ByteBufferAllocator) -> ByteBuffer {
        Self.take(&plaintext) ?? allocator.buffer(capacity: Self.plaintextBytes)
    }

    func giveBack(plaintext buffer: ByteBuffer) {
        if buffer.storageCapacity <= Self.mostPlaintextBytes { plaintext = buffer }
    }

    /// Taken out, so that nobody shares it, and emptied.
    private static func take(_ place: inout ByteBuffer?) -> ByteBuffer? {
        guard var buffer = place.take() else { return nil }
        buffer.clear()
        return buffer
    }

    /// What a channel asks for memory. NIO keeps the first buffer that it is given, so that is a tiny one, and, as it is
    /// told no size in advance and that the next one may be larger, asks anew for each read after it.
    private struct Allocator: RecvByteBufferAllocator {
        /// Enough to tell a TLS record by.
        private static let firstBytes = 16

        let buffers: NIOLoopBound<ReadBuffers>
        private var isFirst = true

        init(buffers: NIOLoopBound<ReadBuffers>) { self.buffers = buffers }

        func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
            isFirst ? allocator.buffer(capacity: Self.firstBytes) : buffers.value.takeCiphertext(allocator)
        }

        mutating func record(actualReadBytes: Int) -> Bool {
            isFirst = false
            return true
        }
    }
}

@available(*, unavailable)
extension ReadBuffers: Sendable {}
