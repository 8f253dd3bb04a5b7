// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MetricsAPI

/// A watch and the clock that it goes by.
private struct Scene {
    static let second: UInt64 = 1_000_000
    var stream: WatchStream
    var feed = WatchFeed()
    var seconds: Double = 1_000

    init(
        _ query: String = "watch=1", accept: String = "application/json", known: FiguresSnapshot? = nil,
        random: Double = 0
    ) throws {
        let query = URLQuery(query)
        let format = try #require(
            Negotiation.format(accept: accept, pretty: false, allowing: .objects, allowingStreams: true))
        let request = WatchRequest(
            kind: .pods, selection: Selection(), options: try WatchOptions(query, resource: "pods"),
            format: try WatchFormat(format, version: .v1beta1, kind: "PodMetrics", query: query))
        self.stream = WatchStream(request, known: known, now: .at(1_000 * Self.second), random: random)
    }

    var now: WatchMoment { .at(UInt64(self.seconds * 1e6), seconds: self.seconds - 1_000) }

    mutating func publish(_ names: String..., uid: String = "u", at seconds: Double? = nil) {
        if let seconds { self.seconds = seconds }
        let version = self.now.version
        self.feed.publish(FiguresSnapshot(names.map { Watched("a/\($0)", version, uid: uid) }, at: version))
    }

    /// What comes now, as `ADDED p 1000`, and what the stream says of the time after.
    mutating func told() throws -> (events: [String], end: WatchStream.Progress) {
        var events: [String] = []
        while true {
            var out = ByteWriter()
            out.reserve(1 << 16)
            let progress = self.stream.next(into: &out, from: self.feed, now: self.now)
            for line in String(decoding: out.bytes, as: UTF8.self).split(separator: "\n") {
                let event = try TestJSON(String(line))
                let metadata = event["object"]?["metadata"]
                let version = Double(metadata?["resourceVersion"]?.text ?? "").map { Int($0 / 1e6) }
                let name = metadata?["name"]?.text ?? event["object"]?["message"]?.text
                let mark = metadata?["annotations"]?["k8s.io/initial-events-end"]?.text.map { "end=\($0)" }
                events.append(
                    [event["type"]?.text, name, version.map(String.init), mark].compactMap { $0 }
                        .joined(separator: " "))
            }
            if progress != .more { return (events, progress) }
        }
    }
}

@Suite("One watch")
struct WatchStreamTests {
    @Test(
        "from nothing or 0: everything, then each sample, and what comes and goes",
        arguments: ["", "&resourceVersion=0"])
    func everything(version: String) throws {
        var scene = try Scene("watch=1\(version)")
        #expect(try scene.told() == ([], .idle))
        #expect(!scene.stream.isDue(scene.feed, now: scene.now))
        scene.publish("p", "q")
        #expect(scene.stream.isDue(scene.feed, now: scene.now))
        #expect(try scene.told() == (["ADDED p 1000", "ADDED q 1000"], .idle))
        #expect(!scene.stream.isDue(scene.feed, now: scene.now))
        scene.publish("p", "r", at: 1_001)
        #expect(try scene.told() == (["DELETED q 1000", "MODIFIED p 1001", "ADDED r 1001"], .idle))
        scene.publish("p", at: 1_002)
        scene.publish("p", at: 1_003)
        // The one in between is no longer of interest.
        #expect(try scene.told() == (["DELETED r 1001", "MODIFIED p 1003"], .idle))
        scene.publish("p", uid: "other", at: 1_004)
        #expect(try scene.told() == (["DELETED p 1003", "ADDED p 1004"], .idle))
    }

    @Test("from a list: what differs from it")
    func list() throws {
        let list = FiguresSnapshot([.init("a/gone", 1), .init("a/p", 1)], at: 999 * Scene.second)
        var scene = try Scene("watch=1&resourceVersion=999000000", known: list)
        scene.publish("new", "p", at: 1_000)
        #expect(try scene.told() == (["DELETED gone 999", "ADDED new 1000", "MODIFIED p 1000"], .idle))
    }

    @Test("from a version that is known: what happened since")
    func since() throws {
        var scene = try Scene("watch=1&resourceVersion=995000000")
        scene.publish("p", "q", at: 990)
        scene.publish("p", at: 996)
        scene.seconds = 1_000
        #expect(try scene.told() == (["DELETED q 995", "MODIFIED p 996"], .idle))
    }

    @Test(
        "from a version that is not known, or of the future: 410 in the stream, and the end",
        arguments: [
            ("900000000", "900000000 (990000000)"), ("1", "1 (990000000)"), ("1020000001", "1020000001 (990000000)"),
            ("18446744073709551615", "18446744073709551615 (990000000)"),
        ])
    func expired(version: String, words: String) throws {
        var scene = try Scene("watch=1&resourceVersion=\(version)")
        scene.publish("p", at: 990)
        scene.seconds = 1_000
        #expect(try scene.told() == (["ERROR too old resource version: \(words)"], .finished))
        #expect(try scene.told() == ([], .finished))
    }

    @Test("the refusal waits for the first snapshot, and says from when on it is known")
    func expiredLater() throws {
        var scene = try Scene("watch=1&resourceVersion=999000000")
        #expect(try scene.told() == ([], .idle))
        scene.publish("p", at: 1_000)
        #expect(try scene.told().events == ["ERROR too old resource version: 999000000 (1000000000)"])
    }

    @Test("another replica's clock may be a little ahead")
    func skew() throws {
        var scene = try Scene("watch=1&resourceVersion=1009000000")
        scene.publish("p", at: 1_000)
        #expect(try scene.told() == ([], .idle))
        scene.publish("p", at: 1_001)
        #expect(try scene.told() == (["MODIFIED p 1001"], .idle))
    }

    @Test("initial events, then a bookmark that says so")
    func watchList() throws {
        let query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
        var scene = try Scene("\(query)&allowWatchBookmarks=true&resourceVersion=900000000")
        scene.publish("p")
        #expect(try scene.told() == (["ADDED p 1000", "BOOKMARK 1000 end=true"], .idle))
        scene.publish("p", at: 1_001)
        #expect(try scene.told() == (["MODIFIED p 1001"], .idle))
        scene = try Scene(query)
        scene.publish("p")
        #expect(try scene.told() == (["ADDED p 1000"], .idle))
        scene = try Scene("\(query)&resourceVersion=2000000000")
        scene.publish("p")
        #expect(try scene.told().events == ["ERROR too old resource version: 2000000000 (1000000000)"])
    }

    @Test("without initial events: only what comes")
    func fromNow() throws {
        var scene = try Scene("watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan")
        scene.publish("p")
        #expect(try scene.told() == ([], .idle))
        scene.publish("p", "q", at: 1_001)
        #expect(try scene.told() == (["MODIFIED p 1001", "ADDED q 1001"], .idle))
    }

    @Test("a bookmark about every minute, for those who want them")
    func bookmarks() throws {
        var scene = try Scene("watch=1&allowWatchBookmarks=true")
        scene.publish("p")
        _ = try scene.told()
        scene.seconds = 1_059
        #expect(try scene.told().events == [])
        scene.seconds = 1_060
        #expect(scene.stream.isDue(scene.feed, now: scene.now))
        #expect(try scene.told() == (["BOOKMARK 1000"], .idle))
        #expect(!scene.stream.isDue(scene.feed, now: scene.now))
        scene.publish("p", at: 1_120)
        #expect(try scene.told() == (["BOOKMARK 1000", "MODIFIED p 1120"], .idle))
        scene = try Scene()
        scene.publish("p")
        _ = try scene.told()
        scene.seconds = 1_200
        #expect(!scene.stream.isDue(scene.feed, now: scene.now))
        #expect(try scene.told().events == [])
    }

    @Test(
        "it ends when its time has come; a default has its random part, and nobody gets more",
        arguments: [
            ("&timeoutSeconds=5", 0, 5), ("", 0, 1_800), ("", 0.5, 2_700), ("&timeoutSeconds=0", 0.25, 2_250),
            ("&timeoutSeconds=86400", 0.5, 2_700), ("&timeoutSeconds=-1", 0, 0),
            ("&timeoutSeconds=9223372036854775807", 0, 1_800),
        ])
    func timeout(query: String, random: Double, seconds: Double) throws {
        var scene = try Scene("watch=1&allowWatchBookmarks=1\(query)", random: random)
        scene.publish("p")
        if seconds > 0 {
            scene.seconds += seconds - 0.1
            #expect(try scene.told().end == .idle)
        }
        scene.publish("p", "q", at: 1_000 + seconds)
        #expect(scene.stream.isDue(scene.feed, now: scene.now))
        // Up to when the client knows everything, which is not the newest.
        #expect(try scene.told() == (seconds > 0 ? ["BOOKMARK 1000"] : [], .finished))
        #expect(try scene.told() == ([], .finished))
    }

    @Test("a shutdown ends it as its time does, and in the middle of events without a bookmark")
    func shutdown() throws {
        var scene = try Scene("watch=1&allowWatchBookmarks=1")
        scene.publish("p")
        _ = try scene.told()
        scene.stream.end()
        #expect(scene.stream.isDue(scene.feed, now: scene.now))
        #expect(try scene.told() == (["BOOKMARK 1000"], .finished))

        scene = try Scene("watch=1&allowWatchBookmarks=1")
        scene.publish("p", "q")
        var out = ByteWriter()
        #expect(scene.stream.next(into: &out, from: scene.feed, now: scene.now) == .more)
        scene.stream.end()
        #expect(try scene.told() == ([], .finished))
    }

    @Test("events are made as there is room for them, and changes meanwhile are told once, as the newest")
    func lazily() throws {
        var scene = try Scene()
        scene.publish("p", "q", "r")
        var told: [String] = []
        func next() -> WatchStream.Progress {
            // Room for one event, which takes some of it.
            var out = ByteWriter()
            defer { told.append(String(decoding: out.bytes, as: UTF8.self)) }
            return scene.stream.next(into: &out, from: scene.feed, now: scene.now)
        }
        #expect(next() == .more)
        let begun = scene.stream.walkingSince
        #expect(begun == scene.now.uptime)
        for second in 1_001...1_009 { scene.publish("p", "q", "r", at: Double(second)) }
        #expect(next() == .more)
        #expect(next() == .more)
        #expect(scene.stream.walkingSince == begun)
        #expect(told.map { $0.split(separator: "\n").count } == [1, 1, 1])
        #expect(told.allSatisfy { $0.contains("ADDED") && $0.contains("\"1000000000\"") })
        #expect(try scene.told() == (["MODIFIED p 1009", "MODIFIED q 1009", "MODIFIED r 1009"], .idle))
        #expect(scene.stream.walkingSince == nil)
    }

    @Test("one that was given up says nothing more")
    func abandoned() throws {
        var scene = try Scene()
        scene.publish("p")
        scene.stream.abandon()
        #expect(try scene.told() == ([], .finished))
    }
}
