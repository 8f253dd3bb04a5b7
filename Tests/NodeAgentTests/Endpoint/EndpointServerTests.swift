// SPDX-License-Identifier: Apache-2.0
import TLS
import Testing

@testable import NodeAgent

@Suite("The endpoint's server")
struct EndpointServerTests {
    @Test("requests of one connection are answered one after the other, also when they come at once")
    func keepAlive() throws {
        let rig = try EndpointRig()
        let client = try rig.client()
        client.get("/a")
        #expect(try client.response().body == "/a\n")
        client.send("GET /b HTTP/1.1\r\nHost: h\r\n\r\nGET /c HTTP/1.1\r\nHost: h\r\n\r\nGET /d HTTP/1.1\r\nHo")
        #expect(try client.response().body == "/b\n")
        let third = try client.response()
        #expect(third.body == "/c\n" && third.headers["connection"] == "keep-alive")
        client.send("st: h\r\nConnection: close\r\n\r\n")
        let last = try client.response()
        #expect(last.body == "/d\n" && last.headers["connection"] == "close")
        #expect(client.isClosed())
    }

    @Test("HEAD is told what GET would get, without it; HTTP/1.0 ends with its answer; a whole URL is a path")
    func forms() throws {
        let rig = try EndpointRig()
        let client = try rig.client()
        client.send("HEAD /head HTTP/1.1\r\nHost: h\r\n\r\n")
        let head = try client.response(isHead: true)
        #expect(head.status == 200 && head.headers["content-length"] == "6" && head.body.isEmpty)
        client.send("GET http://other:1/url?x HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try client.response().body == "/url\n")
        client.send("GET /old HTTP/1.0\r\n\r\n")
        let old = try client.response()
        #expect(
            old.body == "/old\n" && old.headers["connection"] == "close"
                && old.headers["date"]?.hasSuffix("GMT") == true)
        #expect(client.isClosed())
    }

    @Test("a client that ends its side behind the request is answered; one that ends it within is told")
    func halfClosed() throws {
        let rig = try EndpointRig()
        let client = try rig.client()
        client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n")
        client.finishSending()
        #expect(try client.response().body == "/a\n")
        #expect(try client.response().body == "/b\n")
        #expect(client.isClosed())
        let cut = try rig.client()
        cut.send("GET /a HT")
        cut.finishSending()
        #expect(try cut.response().status == 400)
        #expect(cut.isClosed())
        let silent = try rig.client()
        silent.finishSending()
        #expect(silent.isClosed())
    }

    @Test(
        "what cannot be answered is refused with its status, read by a client that goes on sending, and ends the connection",
        arguments: [
            ("DELETE / HTTP/1.1\r\nHost: h\r\n\r\n", 405), ("nonsense\r\n\r\n", 400),
            ("\u{16}\u{3}\u{1}", 400), ("GET / HTTP/2.0\r\n\r\n", 505),
            ("GET / HTTP/1.1\r\nHost: h\r\nX: " + String(repeating: "x", count: 20_000), 431),
            (
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 30000\r\n\r\n" + String(repeating: "b", count: 30_000),
                405
            ),
        ])
    func refused(text: String, status: Int) throws {
        let rig = try EndpointRig()
        let client = try rig.client()
        client.send(text)
        let response = try client.response()
        #expect(response.status == status && response.headers["connection"] == "close")
        #expect(response.headers["allow"] == (status == 405 ? "GET, HEAD" : nil))
        #expect(!response.body.isEmpty)
        client.send("more of it")
        client.finishSending()
        #expect(client.isClosed())
        // Nobody else notices.
        let other = try rig.client()
        other.get("/x")
        #expect(try other.response().status == 200)
    }

    @Test("a request that comes too slowly ends with 408; a connection without a next one ends in silence")
    func slow() throws {
        let rig = try EndpointRig {
            $0.request = .milliseconds(80)
            $0.drain = .milliseconds(80)
        }
        let slow = try rig.client()
        slow.send("GET /a HTTP/1.1\r\n")
        #expect(try slow.response().status == 408)
        #expect(slow.isClosed())
        let silent = try rig.client()
        #expect(try silent.response().status == 408)
        // Its first request has a minute to come.
        let patient = try EndpointRig { $0.idle = .milliseconds(80) }
        let idle = try patient.client()
        idle.get("/a")
        #expect(try idle.response().status == 200)
        #expect(idle.isClosed())
    }

    @Test("clients that never finish keep nobody out, whether they idle or trickle")
    func slowLoris() throws {
        let rig = try EndpointRig()
        let slow = try (0..<EndpointLimits.connections).map { number in
            let client = try rig.client()
            if number > 0 { client.send("GET /a HTTP/1.1\r\nX: y\r\n") } else { client.get("/first") }
            return client
        }
        #expect(try slow[0].response().status == 200)
        let first = try rig.client()
        first.get("/x", "Connection: close\r\n")
        #expect(try first.response().body == "/x\n")
        #expect(slow[0].isClosed())
        let probes = try (0..<3).map { _ in try rig.client() }
        for probe in probes {
            probe.get("/probe")
            #expect(try probe.response().body == "/probe\n")
        }
        // The place of the first one was free again; the others took that of the slowest.
        let told = slow.dropFirst().count { (try? $0.response(within: .milliseconds(200)).status) == 408 }
        #expect((1...3).contains(told), "\(told)")
    }

    @Test("more clients than are answered at a time are told so")
    func tooMany() throws {
        let asked = Watched<Set<String>>([])
        let isOpen = Watched(false)
        let signal = try EventSignal()
        let rig = try EndpointRig(signal: signal) { request, _ in
            asked.change { $0.insert(request.path) }
            return isOpen.now ? Answer(.ok, request.path) : nil
        }
        let waiting = try (0..<EndpointLimits.connections).map { number in
            let client = try rig.client()
            client.get("/\(number)")
            return client
        }
        try asked.wait(until: "every request") { $0.count == EndpointLimits.connections }
        #expect(try rig.client().response().status == 503)
        isOpen.change { $0 = true }
        signal.raise()
        for client in waiting { #expect(try client.response().status == 200) }
    }

    @Test("clients that vanish or do not read end no thread, and their answers are dropped")
    func vanishing() throws {
        let page = String(repeating: "x", count: 4 << 20)
        let asked = Watched<Set<String>>([])
        let rig = try EndpointRig(
            { $0.request = .milliseconds(200) },
            respond: { request, _ in
                if request.path == "/small" { return Answer(.ok, request.path) }
                if request.path != "/gone" { asked.change { $0.insert(request.path) } }
                return Answer(page: page, contentType: "text/plain")
            })
        for _ in 0..<3 {
            let client = try rig.client()
            client.receiveLittle()
            client.get("/gone")
            client.reset()
        }
        // All places get taken by clients that do not read; only the server can free one.
        var stuck: [RawClient] = []
        var deadline = Deadline.after(.seconds(30))
        while asked.now.count < EndpointLimits.connections, !deadline.hasPassed {
            let client = try rig.client()
            let path = "/\(stuck.count)"
            client.receiveLittle()
            client.get(path)
            stuck.append(client)
            // One that the machine holds up has no answer to take; another comes in its stead.
            try? asked.wait(until: "request", within: .seconds(1)) { $0.contains(path) }
        }
        #expect(asked.now.count >= EndpointLimits.connections)
        var status = 0
        deadline = .after(.seconds(30))
        while status != 200, !deadline.hasPassed {
            let client = try rig.client()
            client.get("/small")
            status = (try? client.response().status) ?? 0
        }
        #expect(status == 200)
        _ = stuck
    }

    @Test("a stop ends idle connections at once, and lets an answer that is due go out")
    func stop() throws {
        let rig = try EndpointRig(respond: { request, isEnding in
            request.path == "/wait" && !isEnding ? nil : Answer(.ok, request.path)
        })
        let idle = try rig.client()
        idle.get("/a")
        #expect(try idle.response().status == 200)
        let waiting = try rig.client()
        waiting.get("/wait")
        let other = try rig.client()
        other.get("/b")
        #expect(try other.response().status == 200)
        let start = Deadline.after(.zero)
        waiting.finishSending()
        other.finishSending()
        try rig.stop()
        #expect(try waiting.response().body == "/wait\n")
        // Less than the times of an idle connection and of a goodbye.
        #expect(idle.isClosed() && start.overdue < .seconds(30))
    }

    @Test("a connection takes so many requests and no more")
    func mostRequests() throws {
        let rig = try EndpointRig()
        let client = try rig.client()
        for number in 1...EndpointLimits.requestsPerConnection {
            client.get("/\(number)")
            let connection = try client.response().headers["connection"]
            #expect(connection == (number == EndpointLimits.requestsPerConnection ? "close" : "keep-alive"))
        }
        client.finishSending()
        #expect(client.isClosed())
    }
}
