// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOEmbedded
import TLS
import TLSChannel
import TLSTestSupport
import Testing

private let pki = TestPKI.shared

@Suite struct ClosingTests {
    @Test("Every close promise completes, and so do closes after the end")
    func manyCloses() throws {
        let pair = try ChannelPair()
        pair.connect()
        let closes = (0..<100).map { _ in pair.client.close() }
        #expect(!closes.contains { $0.isDone })
        pair.pump()
        #expect(!closes.contains { !$0.succeeded })
        #expect(pair.client.close().isDone)
        #expect(pair.client.recorder.seen.filter { $0 == .inactive }.count == 1)
    }

    @Test("Both ends closing at once end cleanly")
    func simultaneous() throws {
        let pair = try ChannelPair()
        pair.connect()
        let client = pair.client.close()
        let server = pair.server.close()
        pair.pump()
        #expect(client.succeeded && server.succeeded)
        #expect(pair.client.recorder.seen == [.active, .handshake(nil), .shutdown, .inactive])
        #expect(pair.server.recorder.seen == [.active, .handshake(nil), .shutdown, .inactive])
    }

    @Test("A peer that does not answer the goodbye is given up at the deadline, quietly")
    func timeout() throws {
        let pair = try ChannelPair()
        pair.connect()
        let closed = pair.client.close()
        pair.loop.advanceTime(by: .seconds(4))
        #expect(!closed.isDone)
        pair.loop.advanceTime(by: .seconds(2))
        #expect(closed.succeeded)
        #expect(pair.client.recorder.seen == [.active, .handshake(nil), .inactive])
    }

    @Test("A peer that does not read delays a close until the deadline; the lost write is an error")
    func drainTimeout() throws {
        let pair = try ChannelPair()
        pair.connect()
        pair.client.channel.isWritable = false
        let written = pair.client.send([1, 2, 3])
        let closed = pair.client.close()
        pair.loop.advanceTime(by: .seconds(6))
        #expect((written.error as? TLSError)?.code == .timedOut)
        #expect(closed.isDone)
        #expect(pair.client.recorder.seen == [.active, .handshake(nil), .error(.timedOut), .inactive])
    }

    @Test("A close sends what was flushed and fails what was not")
    func pendingWrites() throws {
        let pair = try ChannelPair()
        pair.connect()
        pair.client.channel.isWritable = false
        let flushed = pair.client.send([1])
        let unflushed = pair.client.write([2])
        let closed = pair.client.close()
        let late = pair.client.send([3])
        #expect(unflushed.error as? ChannelError == .ioOnClosedChannel)
        #expect(late.error as? ChannelError == .ioOnClosedChannel)
        #expect(!flushed.isDone && !closed.isDone)
        pair.client.channel.isWritable = true
        pair.client.channel.pipeline.fireChannelWritabilityChanged()
        pair.pump()
        #expect(flushed.succeeded && closed.succeeded)
        #expect(pair.server.recorder.bytes == [1])
    }

    @Test("A close during the handshake is immediate and fails the writes that waited")
    func duringHandshake() throws {
        let pair = try ChannelPair()
        pair.client.activate()
        let written = pair.client.send([1])
        let closed = pair.client.close()
        #expect(closed.succeeded)
        #expect(written.error as? ChannelError == .ioOnClosedChannel)
        #expect(pair.client.recorder.seen == [.active, .inactive])
    }

    @Test("A transport that ends without close_notify is truncation, with pending writes failed")
    func truncation() throws {
        let pair = try ChannelPair()
        pair.connect()
        pair.client.send([1])
        pair.move(pair.client, pair.server)
        pair.server.channel.isWritable = false
        let written = pair.server.send([2])
        pair.server.transport.cut()
        #expect(pair.server.recorder.seen == [.active, .handshake(nil), .read([1]), .error(.truncated), .inactive])
        #expect((written.error as? TLSError)?.code == .truncated)
    }

    @Test("After close_notify, a lost transport is no error")
    func inactiveAfterCloseNotify() throws {
        let pair = try ChannelPair()
        pair.connect()
        _ = pair.client.close()
        pair.move(pair.client, pair.server)
        pair.client.transport.cut()
        pair.server.transport.cut()
        #expect(pair.client.recorder.seen == [.active, .handshake(nil), .inactive])
        #expect(pair.server.recorder.seen == [.active, .handshake(nil), .shutdown, .inactive])
    }

    @Test("Data in the same packet as close_notify is delivered before the goodbye")
    func dataBeforeCloseNotify() throws {
        let pair = try ChannelPair()
        pair.connect()
        pair.client.send([1, 2])
        _ = pair.client.close()
        let packet = pair.client.takeOutbound()
        // Bytes after close_notify are ignored, whatever they are.
        pair.server.receive(packet + [1, 2, 3, 4, 5, 6])
        #expect(pair.server.recorder.seen.prefix(4) == [.active, .handshake(nil), .read([1, 2]), .shutdown])
    }

    @Test("Data of a peer that has not seen our goodbye yet is delivered while we wait")
    func dataWhileClosing() throws {
        let pair = try ChannelPair()
        pair.connect()
        pair.server.send([9])
        let closed = pair.client.close()
        pair.pump()
        #expect(pair.client.recorder.seen == [.active, .handshake(nil), .read([9]), .shutdown, .inactive])
        #expect(closed.succeeded)
    }

    @Test("Garbage while we wait for the goodbye ends the connection")
    func garbageWhileClosing() throws {
        let pair = try ChannelPair()
        pair.connect()
        let closed = pair.client.close()
        pair.client.receive([UInt8](repeating: 0x2A, count: 50))
        #expect(closed.isDone)
        #expect(pair.client.recorder.seen == [.active, .handshake(nil), .error(.protocolError), .inactive])
    }

    @Test("Flushed writes still reach a peer that has said goodbye first")
    func drainAfterPeerClose() throws {
        let pair = try ChannelPair()
        pair.connect()
        pair.server.channel.isWritable = false
        let written = pair.server.send([5])
        _ = pair.client.close()
        pair.move(pair.client, pair.server)
        #expect(!written.isDone)
        pair.server.channel.isWritable = true
        pair.server.channel.pipeline.fireChannelWritabilityChanged()
        pair.pump()
        #expect(written.succeeded)
        #expect(pair.client.recorder.bytes == [5])
    }

    // MARK: Half-closure

    @Test("close(mode: .output) flushes, says goodbye, and leaves our reading open")
    func closeOutput() throws {
        let pair = try ChannelPair()
        pair.server.channel.allowRemoteHalfClosure = true
        pair.connect()
        let written = pair.client.write([1])
        let closed = pair.client.close(.output)
        #expect(closed.succeeded && pair.client.transport.outputClosed)
        pair.pump()
        #expect(written.succeeded)
        #expect(pair.client.send([2]).error as? ChannelError == .outputClosed)
        #expect(pair.client.close(.output).error as? ChannelError == .outputClosed)
        #expect(pair.server.recorder.seen == [.active, .handshake(nil), .read([1]), .inputClosed])
        pair.server.send([3])
        pair.pump()
        #expect(pair.client.recorder.bytes == [3])
        let end = pair.server.close()
        pair.pump()
        #expect(end.succeeded)
        #expect(pair.client.recorder.seen.suffix(2) == [.shutdown, .inactive])
        #expect(pair.server.recorder.seen.suffix(2) == [.shutdown, .inactive])
    }

    @Test("Without half-closure allowed, the peer's half-close ends the connection")
    func halfCloseNotAllowed() throws {
        let pair = try ChannelPair()
        pair.connect()
        _ = pair.client.close(.output)
        pair.pump()
        #expect(pair.server.recorder.seen == [.active, .handshake(nil), .shutdown, .inactive])
    }

    @Test("A half-close during the handshake waits behind the writes before it")
    func closeOutputDuringHandshake() throws {
        let pair = try ChannelPair()
        pair.server.channel.allowRemoteHalfClosure = true
        pair.client.activate()
        _ = pair.client.write([1])
        let first = pair.client.close(.output)
        let second = pair.client.close(.output)
        #expect(pair.client.send([2]).error as? ChannelError == .outputClosed)
        #expect(!first.isDone)
        pair.connect()
        #expect(first.succeeded && second.succeeded)
        #expect(pair.server.recorder.seen == [.active, .handshake(nil), .read([1]), .inputClosed])
    }

    @Test("The transport's own half-close without close_notify is truncation")
    func transportHalfClose() throws {
        let pair = try ChannelPair()
        pair.connect()
        pair.server.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(pair.server.recorder.seen == [.active, .handshake(nil), .error(.truncated), .inactive])
    }

    @Test("close(mode: .input) is not supported")
    func closeInput() throws {
        let pair = try ChannelPair()
        pair.connect()
        #expect(pair.client.close(.input).error as? ChannelError == .operationUnsupported)
    }

    @Test("A handler removed with the connection open fails what waits")
    func removal() throws {
        let pair = try ChannelPair()
        pair.client.activate()
        let written = pair.client.send([1])
        _ = try pair.client.channel.finish(acceptAlreadyClosed: true)
        #expect(written.error != nil)
    }
}
