// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import NIOCore
import NIOEmbedded
import Testing

@testable import Aggregator

@Suite("Probes")
struct HealthChecksTests {
    let checks = HealthChecks(
        live: [HealthCheck(name: "ping") { nil }, HealthCheck(name: "loops") { nil }],
        ready: [HealthCheck(name: "ping") { nil }, HealthCheck(name: "agents") { "no agent has connected yet" }])

    private func ask(_ path: String, _ query: String? = nil) throws -> (status: Int, text: String) {
        let answer = try #require(checks.respond(path: path, query: query))
        #expect(answer.contentType == "text/plain; charset=utf-8")
        #expect(answer.header("X-Content-Type-Options") == "nosniff")
        #expect(answer.header("Cache-Control") == "no-cache, private")
        return (answer.status, answer.text)
    }

    @Test("what holds is ok, with or without a slash", arguments: ["/livez", "/healthz", "/livez/", "/livez/ping"])
    func holds(path: String) throws {
        let answer = try ask(path)
        #expect(answer.status == 200 && answer.text == "ok")
    }

    @Test("verbose lists every check", arguments: ["verbose", "verbose=", "verbose=1", "timeout=1s&verbose"])
    func verbose(query: String) throws {
        #expect(try ask("/livez", query).text == "[+]ping ok\n[+]loops ok\nlivez check passed\n")
        #expect(try ask("/healthz", query).text == "[+]ping ok\n[+]loops ok\nhealthz check passed\n")
    }

    @Test("what is to be known about a check that holds is said when asked in detail")
    func note() throws {
        let check = HealthCheck(name: "front-proxy", failure: { nil }, note: { "refused CN=x" })
        let checks = HealthChecks(live: [], ready: [check])
        #expect(checks.respond(path: "/readyz", query: nil)?.text == "ok")
        #expect(
            checks.respond(path: "/readyz", query: "verbose")?.text
                == "[+]front-proxy ok (refused CN=x)\nreadyz check passed\n")
    }

    @Test("what does not hold is 500 and always lists every check", arguments: [nil, "verbose"])
    func fails(query: String?) throws {
        let answer = try ask("/readyz", query)
        #expect(answer.status == 500)
        #expect(
            answer.text == "[+]ping ok\n[-]agents failed: no agent has connected yet\nreadyz check failed\n")
    }

    @Test("an excluded check does not count, and verbose says so")
    func exclude() throws {
        let answer = try ask("/readyz", "exclude=agents")
        #expect(answer.status == 200 && answer.text == "ok")
        #expect(
            try ask("/readyz", "verbose&exclude=agents&exclude=ping").text
                == "[+]ping excluded: ok\n[+]agents excluded: ok\nreadyz check passed\n")
        #expect(try ask("/readyz", "exclude=agent&exclude=").status == 500)
    }

    @Test("a check by its name answers for itself alone")
    func byName() throws {
        #expect(try ask("/readyz/ping").status == 200)
        let answer = try ask("/readyz/agents")
        #expect(answer.status == 500)
        #expect(answer.text == "internal server error: no agent has connected yet\n")
    }

    @Test(
        "other paths are no probes'",
        arguments: ["/", "", "livez", "/livezz", "/livez/nope", "/livez/ping/x", "/a/livez"])
    func noProbe(path: String) {
        #expect(checks.respond(path: path, query: nil)?.status == nil)
    }

    @Test("loops that turn are alive, and one that does not is told after its limit")
    func heartbeat() throws {
        let turning = LoopHeartbeat(groups: EmbeddedEventLoop())
        #expect(turning.check.failure() == nil)
        // Embedded loops turn only when they are told to.
        let loop = EmbeddedEventLoop()
        let stuck = LoopHeartbeat(groups: loop, limit: .milliseconds(20))
        loop.run()
        #expect(stuck.check.failure() == nil)
        let start = NIODeadline.now()
        while NIODeadline.now() < start + .milliseconds(30) {}
        #expect(stuck.check.failure()?.hasPrefix("an event loop has not turned for") == true)
        loop.advanceTime(by: LoopHeartbeat.interval)
        #expect(stuck.check.failure() == nil)
    }

    @Test("a heartbeat that is gone holds nothing up and no loop busy")
    func gone() {
        let loop = EmbeddedEventLoop()
        let check = LoopHeartbeat(groups: loop).check
        loop.advanceTime(by: .seconds(5))
        #expect(check.failure() == nil)
    }
}
