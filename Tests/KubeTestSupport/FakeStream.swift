// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1
import Synchronization

/// The server's end of an answer that goes on, such as a watch.
public final class FakeStream: Sendable {
    private let channel: any Channel
    public let request: FakeAPIServer.Request

    init(channel: any Channel, request: FakeAPIServer.Request) {
        self.channel = channel
        self.request = request
    }

    public var isOpen: Bool { channel.isActive }

    /// Sends bytes as they are.
    public func send(_ bytes: [UInt8]) {
        channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes))), promise: nil)
    }

    /// Sends one frame: its length, then the event.
    public func send(frame: [UInt8]) { send(KubeProto.frame(frame)) }

    /// Sends an event about an object in its envelope.
    public func send(_ type: String, _ object: [UInt8]) { send(frame: KubeProto.watchEvent(type, object)) }

    /// Ends the answer in good order, as the API server does when a watch has lasted long enough.
    public func end() { channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil) }

    /// Cuts the connection.
    public func cut() { channel.pipeline.context(name: "tls").whenSuccess { $0.close(promise: nil) } }
}

/// Collects the streams that a route opens, for a test to take them in order.
public final class FakeStreams: Sendable {
    private let streams = Mutex<[FakeStream]>([])

    public init() {}

    /// What a route answers to open one.
    public func open() -> FakeAPIServer.Reply {
        .stream(contentType: KubeProto.mediaType + ";stream=watch") { stream in
            self.streams.withLock { $0.append(stream) }
        }
    }

    /// The number of streams that were opened.
    public var count: Int { streams.withLock { $0.count } }

    /// The stream opened as the `index`th, from 0 on, as soon as it is there; fails the process after 2 minutes.
    public func stream(_ index: Int) async -> FakeStream {
        await eventually { self.count > index }
        return streams.withLock { $0[index] }
    }
}

/// Waits until something is so, 2 minutes at most.
public func eventually(_ what: String = "what is waited for", _ isSo: () -> Bool) async {
    for _ in 0..<24_000 {
        if isSo() { return }
        try? await Task.sleep(for: .milliseconds(5))
    }
    fatalError("not within 2 minutes: \(what)")
}
