// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOEmbedded
import TLS
import TLSChannel
import TLSTestSupport
import Testing

private let pki = TestPKI.shared

@Suite struct DataTests {
    @Test("Large writes arrive whole, and their promise is one")
    func large() throws {
        let pair = try ChannelPair()
        pair.connect()
        let payload = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let written = pair.client.send(payload)
        pair.pump()
        #expect(written.succeeded)
        #expect(pair.server.recorder.bytes == payload)
    }

    @Test("Promises complete in the order of their writes, empty ones too")
    func promiseOrder() throws {
        let pair = try ChannelPair()
        var order: [Int] = []
        var outcomes: [Outcome] = []
        for (index, size) in [0, 5, 0, 100_000, 0, 0, 1].enumerated() {
            outcomes.append(pair.client.write([UInt8](repeating: 1, count: size)) { _ in order.append(index) })
        }
        pair.client.channel.flush()
        #expect(order.isEmpty)
        pair.connect()
        #expect(order == Array(0..<7))
        #expect(pair.server.recorder.bytes.count == 100_006)
        // Nothing but an empty write.
        #expect(pair.client.send([]).succeeded)
    }

    @Test("A write is not sent before it is flushed")
    func flushing() throws {
        let pair = try ChannelPair()
        pair.connect()
        let first = pair.client.send([1])
        let second = pair.client.write([2])
        pair.pump()
        #expect(first.succeeded && !second.isDone)
        #expect(pair.server.recorder.bytes == [1])
        pair.client.channel.flush()
        pair.pump()
        #expect(pair.server.recorder.bytes == [1, 2])
    }

    @Test("Flushed writes share one network write and one read")
    func coalescing() throws {
        let pair = try ChannelPair()
        pair.connect()
        for byte in 0..<10 { _ = pair.client.write([UInt8(byte)]) }
        pair.client.channel.flush()
        let buffer = try #require(try pair.client.channel.readOutbound(as: ByteBuffer.self))
        #expect(try pair.client.channel.readOutbound(as: ByteBuffer.self) == nil)
        pair.server.receive(Array(buffer: buffer))
        #expect(pair.server.recorder.seen.last == .read(Array(0..<10)))
        #expect(pair.server.recorder.readCompletes == 1)
    }

    @Test("Writes before the handshake are bounded")
    func handshakeWriteLimit() throws {
        let pair = try ChannelPair(limits: TLSLimits(handshakeWriteBytes: 1000))
        pair.client.activate()
        let first = pair.client.send([UInt8](repeating: 0, count: 1000))
        #expect(!first.isDone)
        let second = pair.client.send([0])
        #expect((first.error as? TLSError)?.code == .limitExceeded)
        #expect((second.error as? TLSError)?.code == .limitExceeded)
        #expect(pair.client.recorder.seen == [.active, .error(.limitExceeded), .inactive])
    }

    @Test("While the peer does not read, plaintext waits; it goes on when the peer does")
    func backpressure() throws {
        let pair = try ChannelPair()
        pair.connect()
        pair.client.channel.isWritable = false
        let payload = [UInt8](repeating: 9, count: 500_000)
        let written = pair.client.send(payload)
        #expect(pair.client.takeOutbound().isEmpty && !written.isDone)
        pair.client.channel.isWritable = true
        pair.client.channel.pipeline.fireChannelWritabilityChanged()
        pair.pump()
        #expect(written.succeeded)
        #expect(pair.server.recorder.bytes == payload)
    }

    @Test("What waits for a peer that does not read is bounded")
    func pendingLimit() throws {
        let pair = try ChannelPair(limits: TLSLimits(pendingWriteBytes: 1000))
        pair.connect()
        // Not a limit on the size of one write: only what waits counts, and this goes out.
        pair.client.channel.isWritable = false
        let first = pair.client.send([UInt8](repeating: 0, count: 900))
        let second = pair.client.send([UInt8](repeating: 0, count: 101))
        #expect((first.error as? TLSError)?.code == .limitExceeded)
        #expect((second.error as? TLSError)?.code == .limitExceeded)
        #expect(pair.client.recorder.seen.suffix(2) == [.error(.limitExceeded), .inactive])
        #expect(pair.client.recorder.error?.message.contains("does not read") == true)
    }

    @Test("TLS's own answers to a peer that does not read are bounded")
    func protocolLimit() throws {
        let pair = try ChannelPair(limits: TLSLimits(protocolBytes: 200))
        pair.server.activate()
        pair.client.activate()
        pair.server.channel.isWritable = false
        pair.move(pair.client, pair.server)
        #expect(pair.server.recorder.seen == [.active, .error(.limitExceeded), .inactive])
    }

    @Test("A turn decrypts a bounded number of records, and the rest follows without new bytes")
    func recordsPerTurn() throws {
        let pair = try ChannelPair(limits: TLSLimits(recordsPerTurn: 4))
        pair.connect()
        for byte in 0..<10 { pair.client.send([UInt8(byte)]) }
        pair.server.receive(pair.client.takeOutbound())
        #expect(pair.server.recorder.seen.last == .read([0, 1, 2, 3]))
        pair.loop.run()
        #expect(pair.server.recorder.seen.suffix(3) == [.read([0, 1, 2, 3]), .read([4, 5, 6, 7]), .read([8, 9])])
    }

    @Test("A backlog is delivered before the end of the connection", arguments: [true, false])
    func backlogAtTheEnd(clean: Bool) throws {
        let pair = try ChannelPair(limits: TLSLimits(recordsPerTurn: 4))
        pair.connect()
        for byte in 0..<10 { pair.client.send([UInt8(byte)]) }
        if clean { _ = pair.client.close() }
        pair.server.receive(pair.client.takeOutbound())
        pair.server.transport.cut()
        #expect(pair.server.recorder.bytes == Array(0..<10))
        #expect(pair.server.recorder.seen.contains(.error(.truncated)) == !clean)
        #expect(pair.server.recorder.seen.last == .inactive)
    }

    @Test("A damaged record ends the connection after the data before it, with an alert")
    func damaged() throws {
        let pair = try ChannelPair()
        pair.connect()
        pair.client.send([1])
        pair.client.send([2])
        var bytes = pair.client.takeOutbound()
        bytes[bytes.count - 1] ^= 0x80
        pair.server.receive(bytes)
        #expect(pair.server.recorder.seen.suffix(3) == [.read([1]), .error(.protocolError), .inactive])
        #expect(!pair.server.takeOutbound().isEmpty)
    }

    // MARK: Reentrancy

    @Test("An application may write inside a read")
    func writeInsideRead() throws {
        let pair = try ChannelPair()
        pair.server.recorder.action = { context, event in
            guard case .read(let bytes) = event else { return }
            context.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes + [0])), promise: nil)
        }
        pair.connect()
        pair.client.send([1])
        pair.pump()
        pair.client.send([2])
        pair.pump()
        #expect(pair.client.recorder.bytes == [1, 0, 2, 0])
    }

    @Test("An application may close inside a read, with an answer before it")
    func closeInsideRead() throws {
        let pair = try ChannelPair()
        pair.server.recorder.action = { context, event in
            guard case .read = event else { return }
            context.writeAndFlush(NIOAny(ByteBuffer(bytes: [42])), promise: nil)
            context.close(promise: nil)
        }
        pair.connect()
        pair.client.send([1])
        pair.pump()
        #expect(pair.client.recorder.seen == [.active, .handshake(nil), .read([42]), .shutdown, .inactive])
        #expect(pair.server.recorder.seen == [.active, .handshake(nil), .read([1]), .shutdown, .inactive])
    }

    @Test("The transport may vanish inside a read")
    func cutInsideRead() throws {
        let pair = try ChannelPair()
        pair.connect()
        let transport = pair.server.transport
        pair.server.recorder.action = { _, event in
            if case .read = event { transport.cut() }
        }
        pair.client.send([1])
        pair.pump()
        #expect(pair.server.recorder.seen == [.active, .handshake(nil), .read([1]), .error(.truncated), .inactive])
    }

    @Test("An application may close inside an error, and inside the goodbye")
    func closeInsideError() throws {
        for trigger in [Seen.error(.truncated), .shutdown] {
            let pair = try ChannelPair()
            pair.connect()
            pair.server.recorder.action = { context, event in
                if event == trigger { context.close(promise: nil) }
            }
            if trigger == .shutdown {
                _ = pair.client.close()
                pair.pump()
            } else {
                pair.server.transport.cut()
            }
            #expect(pair.server.recorder.seen.last == .inactive)
            #expect(pair.server.recorder.seen.filter { $0 == .inactive }.count == 1)
        }
    }

    @Test("A write from another write's failure fails and does not disturb the rest")
    func writeFromFailure() throws {
        let pair = try ChannelPair()
        pair.client.activate()
        var late: Outcome?
        let first = pair.client.write([1]) { [client = pair.client] _ in late = client.send([2]) }
        let second = pair.client.send([3])
        pair.client.transport.cut()
        #expect(first.error != nil && second.error != nil)
        #expect(late?.error != nil)
    }

    @Test("A write from a write's success is sent after it")
    func writeFromSuccess() throws {
        let pair = try ChannelPair()
        pair.connect()
        _ = pair.client.write([1]) { [client = pair.client] _ in client.send([2]) }
        pair.client.channel.flush()
        pair.pump()
        #expect(pair.server.recorder.bytes == [1, 2])
    }
}
