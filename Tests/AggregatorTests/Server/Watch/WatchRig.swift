// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Synchronization

@testable import Aggregator

/// A hub whose clock and ticks are the test's, and a handler that opens watches with it.
final class WatchRig: Sendable {
    let source: ChangingSource
    let hub: WatchHub
    let log = LogCapture()
    private let seconds: TestSeconds
    private let api: MetricsAPIHandler

    /// The clock shows a thousand seconds at first.
    init(_ names: [String] = [], times: WatchTimes = WatchTimes(), bounds: WatchBounds = WatchBounds()) {
        source = ChangingSource(names, at: 999_000_000)
        let seconds = TestSeconds()
        self.seconds = seconds
        hub = WatchHub(
            source: source, times: times, bounds: bounds, clock: { seconds.moment }, ticker: nil, logger: log.logger)
        api = MetricsAPIHandler(
            watches: hub, versionInfo: VersionInfo(major: "1", minor: "2", gitVersion: "v1", platform: "any"))
    }

    var now: Double { seconds.value }

    /// Lets time pass, and then a tick.
    func pass(_ time: Double) {
        seconds.advance(time)
        hub.tick()
    }

    /// Lets time pass alone.
    func wait(_ time: Double) { seconds.advance(time) }

    /// New samples now of these nodes, and no others.
    func set(_ names: String...) { source.set(names, at: UInt64(seconds.value * 1e6)) }

    func ask(_ query: String) -> APIResponse {
        api.respond(
            to: APIRequest(method: "GET", path: "/apis/metrics.k8s.io/v1/nodes", query: query), from: source,
            nowUnixNanoseconds: seconds.moment.unixNanoseconds, observeServed: { _ in })
    }

    /// A watch of the nodes; nil when it is refused.
    func watch(_ query: String = "") -> WatchReader? {
        guard case .stream(let stream) = ask("watch=1&\(query)").body else { return nil }
        return WatchReader(stream)
    }
}

private final class TestSeconds: Sendable {
    private let start = ContinuousClock.now
    private let state = Mutex(1_000.0)

    var value: Double { state.withLock { $0 } }
    func advance(_ time: Double) { state.withLock { $0 += time } }

    var moment: WatchMoment {
        let value = value
        return WatchMoment(unixNanoseconds: Int64(value * 1e6) * 1_000, uptime: start + .seconds(value))
    }
}

private final class Wakes: Sendable {
    let count = Atomic(0)
}

/// Takes what a watch says, as a connection does.
final class WatchReader {
    private var stream: any BodyStream
    private let wakes = Wakes()
    private(set) var isFinished = false

    init(_ stream: any BodyStream) { self.stream = stream }

    /// How often it was told that there is something.
    var wakeCount: Int { wakes.count.value }

    /// All that is there now, as `ADDED n1`; then it waits for more.
    func events() -> [String] {
        var text = ""
        while true {
            let progress = take(room: 1 << 16, into: &text)
            if progress == .more { continue }
            isFinished = progress == .finished
            if !isFinished { stream.whenReady { [wakes] in wakes.count.add(1, ordering: .relaxed) } }
            return Self.events(text)
        }
    }

    /// One chunk of so many bytes, without waiting for more.
    @discardableResult
    func take(room: Int) -> [String] {
        var text = ""
        _ = take(room: room, into: &text)
        return Self.events(text)
    }

    private func take(room: Int, into text: inout String) -> BodyProgress {
        var out = ByteWriter()
        out.reserve(room)
        let progress = stream.next(into: &out)
        text += String(decoding: out.bytes, as: UTF8.self)
        return progress
    }

    func leave() { stream.end() }

    /// What a watch's text says, as `ADDED n1`, `BOOKMARK`, `ERROR 410`.
    static func events(_ text: String) -> [String] {
        text.split(separator: "\n").map { line in
            let type = line.dropFirst(9).prefix { $0 != "\"" }
            if type == "ERROR" { return "ERROR \(line.contains("\"code\":410") ? "410" : "?")" }
            guard let at = line.firstRange(of: "\"metadata\":{\"name\":\"") else { return String(type) }
            return "\(type) \(line[at.upperBound...].prefix { $0 != "\"" })"
        }
    }
}

@available(*, unavailable)
extension WatchReader: Sendable {}
