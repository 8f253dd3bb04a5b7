// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import NIOCore
import NIOEmbedded
import Testing

@testable import Aggregator

@Suite("Answers on one connection")
struct ConnectionShareTests {
    private let limit = ConnectionShare.unreadAnswers

    /// Streams of one connection, each with a request on it.
    private func streams(
        _ count: Int, _ body: any BodyStream, _ loop: EmbeddedEventLoop
    ) throws -> [(channel: EmbeddedChannel, dam: Dam)] {
        let share = ConnectionShare()
        return try (0..<count).map { _ in
            try EmbeddedChannel.behindDam(StreamResponder(stream: body), share: share, loop: loop)
        }
    }

    @Test("so many are on their way, and the others when those are taken or given up")
    func unread() throws {
        let loop = EmbeddedEventLoop()
        let all = try streams(limit + 3, CountingStream(total: 100_000), loop)
        func begun() -> Int { all.count { $0.dam.head != nil } }
        loop.run()
        #expect(begun() == limit)
        for _ in 0..<4 {
            all[0].dam.letThrough()
            loop.run()
        }
        #expect(all[0].dam.hasEnd)
        #expect(begun() == limit + 1)
        _ = try all[1].channel.finish()
        #expect(begun() == limit + 2)
        // One that is given up while it waits takes no place from others.
        _ = try all[limit + 2].channel.finish()
        _ = try all[2].channel.finish()
        #expect(begun() == limit + 2)
        for (channel, dam) in all where channel.isActive {
            for _ in 0..<4 {
                dam.letThrough()
                loop.run()
            }
            #expect(dam.hasEnd)
        }
    }

    @Test("endless ones are not counted")
    func endless() throws {
        let loop = EmbeddedEventLoop()
        let all = try streams(limit + 3, FedStream(), loop)
        #expect(all.allSatisfy { $0.dam.head != nil })
        for (channel, _) in all { _ = try channel.finish() }
    }
}
