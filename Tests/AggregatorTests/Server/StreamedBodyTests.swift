// SPDX-License-Identifier: Apache-2.0
import Glibc
import Logging
import MetricsAPI
import NIOCore
import NIOEmbedded
import NIOHTTP1
import TLSTestSupport
import Testing

@testable import Aggregator

@Suite("Bodies that are made while they are sent")
struct StreamedBodyTests {
    @Test("a client that does not read makes us hold one chunk of its answer")
    func slowReader() throws {
        let stream = CountingStream(total: 100 << 20)
        let (channel, dam) = try EmbeddedChannel.behindDam(StreamResponder(stream: stream))
        for _ in 0..<100 { channel.embeddedEventLoop.run() }
        #expect(stream.watcher.made == 64 << 10)
        for round in 2..<50 {
            dam.letThrough()
            for _ in 0..<10 { channel.embeddedEventLoop.run() }
            #expect(stream.watcher.made == round * 64 << 10)
        }
        #expect(dam.mostHeldBytes == 64 << 10)
        _ = try channel.finish()
    }

    /// A body of one byte for each call, with the room that it was given.
    private struct Roomy: BodyStream {
        let chunkBytes: Int

        mutating func next(into out: inout ByteWriter) -> BodyProgress {
            #expect(out.room >= self.chunkBytes)
            out.byte(0)
            return .finished
        }
    }

    @Test("a body is given the room that it asks for", arguments: [1, 64 << 10, 256 << 10])
    func room(bytes: Int) {
        var stream: any BodyStream = Roomy(chunkBytes: bytes)
        #expect(BodyChunk(of: &stream).bytes.readableBytes == 1)
    }

    @Test("all of it comes, with its length when that is known, and then the end", arguments: [true, false])
    func whole(tellsLength: Bool) throws {
        let stream = CountingStream(total: 300_000, tellsLength: tellsLength)
        let (channel, dam) = try EmbeddedChannel.behindDam(StreamResponder(stream: stream))
        for _ in 0..<20 {
            dam.letThrough()
            channel.embeddedEventLoop.run()
        }
        #expect(dam.bodyBytes == 300_000)
        #expect(dam.hasEnd)
        #expect(dam.head?.headers["Content-Length"] == (tellsLength ? ["300000"] : []))
        #expect(stream.watcher.ends == 1)
        _ = try channel.finish()
    }

    @Test("a body that ends in its first chunk has a length without having told one")
    func short() throws {
        let (channel, dam) = try EmbeddedChannel.behindDam(StreamResponder(stream: CountingStream(total: 10)))
        dam.letThrough()
        channel.embeddedEventLoop.run()
        #expect(dam.head?.headers["Content-Length"] == ["10"])
        #expect(dam.hasEnd)
        _ = try channel.finish()
    }

    @Test("HTTP/1.0 knows no chunks: the connection ends with the body")
    func oldVersion() throws {
        let stream = CountingStream(total: 300_000)
        let (channel, dam) = try EmbeddedChannel.behindDam(StreamResponder(stream: stream), version: .http1_0)
        for _ in 0..<20 {
            dam.letThrough()
            channel.embeddedEventLoop.run()
        }
        #expect(dam.bodyBytes == 300_000)
        #expect(dam.head?.headers["Connection"] == ["close"])
        #expect(!channel.isActive)
    }

    @Test("a client that goes away costs no further work")
    func abandoned() throws {
        let stream = CountingStream(total: 100 << 20)
        let (channel, dam) = try EmbeddedChannel.behindDam(StreamResponder(stream: stream))
        dam.letThrough()
        channel.embeddedEventLoop.run()
        let made = stream.watcher.made
        _ = try channel.finish()
        #expect(stream.watcher.ends == 1)
        dam.letThrough()
        for _ in 0..<10 { channel.embeddedEventLoop.run() }
        #expect(stream.watcher.made == made)
    }

    @Test("who takes a list drop by drop is cut off at the answer's deadline")
    func deadline() throws {
        let stream = CountingStream(total: 100 << 20)
        let (channel, dam) = try EmbeddedChannel.behindDam(StreamResponder(stream: stream))
        for _ in 0..<59 {
            dam.letThrough()
            channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        }
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(!channel.isActive)
        #expect(stream.watcher.ends == 1)
    }

    @Test("an endless body is flushed as it comes, and may wait for longer than an answer")
    func endless() throws {
        let stream = FedStream()
        let (channel, dam) = try EmbeddedChannel.behindDam(StreamResponder(stream: stream))
        // The head does not wait for the first bytes.
        #expect(dam.head != nil && dam.bodyBytes == 0)
        dam.letThrough()
        channel.embeddedEventLoop.run()
        channel.embeddedEventLoop.advanceTime(by: .hours(1))
        #expect(channel.isActive && stream.source.isWaitedFor)
        for round in 1...3 {
            stream.source.feed("event\n")
            channel.embeddedEventLoop.run()
            #expect(dam.bodyBytes == 6 * round)
            for _ in 0..<3 {
                dam.letThrough()
                channel.embeddedEventLoop.run()
            }
        }
        stream.source.feed("last\n", thenFinish: true)
        for _ in 0..<3 {
            channel.embeddedEventLoop.run()
            dam.letThrough()
        }
        channel.embeddedEventLoop.run()
        #expect(dam.hasEnd && dam.bodyBytes == 23)
        #expect(stream.source.ends == 1)
        _ = try channel.finish()
    }

    @Test("who does not take an event in 30 s is dropped, and nothing piles up for him")
    func slowWatcher() throws {
        let stream = FedStream()
        let (channel, dam) = try EmbeddedChannel.behindDam(StreamResponder(stream: stream))
        dam.letThrough()
        channel.embeddedEventLoop.run()
        stream.source.feed("event\n")
        channel.embeddedEventLoop.run()
        for _ in 0..<29 {
            stream.source.feed("event\n")
            channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        }
        #expect(channel.isActive && dam.bodyBytes == 6)
        channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(!channel.isActive && stream.source.ends == 1)
    }

    @Test(
        "curl gets all of a large body, off the event loop or on it",
        arguments: ["--http1.1", "--http2"], [true, false])
    func curl(version: String, isHeavy: Bool) async throws {
        let stream = CountingStream(total: 20 << 20, piece: 50_000, isHeavy: isHeavy)
        try await APITestServer.run(responder: StreamResponder(stream: stream)) { server in
            let (status, text) = try await server.run(
                [version, "-o", "/dev/null", "-w", "%{size_download}", server.url("/")])
            #expect(status == 0)
            #expect(Int(text) == 20 << 20)
        }
    }

    @Test("a body for a client that has stopped reading is not made", arguments: ["--http1.1", "--http2"])
    func stopped(version: String) async throws {
        let stream = CountingStream(total: 1 << 30)
        let times = ServerTimes(idle: .seconds(4), answer: .milliseconds(500), close: .milliseconds(100))
        try await APITestServer.run(responder: StreamResponder(stream: stream), times: times) { server in
            let curl = try ChildProcess([
                "curl", "-sSk", version, "--limit-rate", "10k", "-o", "/dev/null", server.url("/"),
            ])
            #expect(try await eventually { stream.watcher.made > 0 })
            #expect(kill(curl.pid, SIGSTOP) == 0)
            #expect(try await server.losesAllConnections())
            // Beyond what the buffers of both sockets take.
            #expect(stream.watcher.made < 64 << 20)
            #expect(stream.watcher.ends == 1)
        }
    }
}
