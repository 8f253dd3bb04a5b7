// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLSTestSupport
import Testing
import Wire

@testable import NodeAgent

@Suite("A token that is rotated")
struct TokenRotationTests {
    private let directory = TemporaryDirectory()

    private func token(_ text: String) -> CredentialFile {
        CredentialFile(path: directory.write("token", Array(text.utf8)))
    }

    private let aggregator: FakeAggregator

    init() throws { aggregator = try FakeAggregator() }

    /// A session with an aggregator that takes everything, opened with the token "first".
    private func open(checkEvery interval: Duration) throws -> (rig: PushRig, session: PushRig.Running<PushSession.End>)
    {
        let rig = try PushRig(token: token("first")) { $0.credential = interval }
        let session = try rig.session(to: aggregator.address)
        try rig.collected.line(with: "session open")
        return (rig, session)
    }

    private func credentials(_ record: FakeAggregator.Record) -> [String] {
        record.heard.compactMap { if case .credential(let token) = $0 { token } else { nil } }
    }

    @Test("is shown in the open session at the next check, once, and the log does not have it")
    func shown() throws {
        let rig = try open(checkEvery: .milliseconds(5)).rig
        defer { rig.end() }
        _ = token("second")
        try aggregator.session(with: "a credential") { credentials($0).first }
        _ = token("third")
        try aggregator.session(with: "two credentials") { credentials($0).count >= 2 ? true : nil }
        #expect(try aggregator.session(with: "credentials", credentials) == ["second", "third"])
        try rig.collected.line(with: "showed the aggregator a new token")
        #expect(rig.collected.count("second") == 0)
    }

    @Test("is shown between sweeps that come without a pause")
    func busy() throws {
        let rig = try open(checkEvery: .milliseconds(5)).rig
        defer { rig.end() }
        _ = token("second")
        var time: UInt64 = 0
        while credentials(try #require(aggregator.sessions.now.first)).isEmpty, time < 100_000 {
            time += 1
            try rig.publish(time)
        }
        #expect(credentials(try #require(aggregator.sessions.now.first)) == ["second"])
    }

    @Test("is used by the next session's Hello")
    func reconnect() throws {
        let aggregator = try FakeAggregator { session in
            try session.welcome()
            if session.number > 0 { try session.listen() }
            try session.hear()
        }
        let rig = try PushRig(token: token("first"))
        defer { rig.end() }
        _ = try rig.pusher(to: aggregator.address)
        try rig.collected.line(with: "session open")
        _ = token("second")
        try rig.publish(1)
        let hello = try aggregator.session(1, with: "a Hello") { $0.hello }
        #expect(hello.credential == "second")
    }

    @Test("may be missing for a while: the open session goes on, and the next check finds it")
    func missing() throws {
        let (rig, session) = try open(checkEvery: .milliseconds(2))
        defer { rig.end() }
        unlink(directory.file("token"))
        for time: UInt64 in 1...20 {
            try rig.publish(time)
            try aggregator.batches(Int(time))
        }
        #expect(session.result.now == nil)
        _ = token("second")
        #expect(try aggregator.session(with: "a credential") { credentials($0).first } == "second")
    }

    @Test("that is missing at a reconnect is asked for again; the session is back when it is")
    func missingAtReconnect() throws {
        let aggregator = try FakeAggregator { session in
            try session.welcome()
            if session.number == 0 { try session.hear() } else { try session.listen() }
        }
        let file = token("first")
        let rig = try PushRig(token: file)
        defer { rig.end() }
        _ = try rig.pusher(to: aggregator.address)
        try rig.collected.line(with: "session open")
        unlink(file.path)
        try rig.publish(1)
        try rig.collected.line(with: "no session", "--token-file: \(file.path) cannot be read")
        _ = token("second")
        #expect(try aggregator.session(1, with: "a Hello") { $0.hello }.credential == "second")
        #expect(rig.collected.count("--token-file") == 1)
    }
}
