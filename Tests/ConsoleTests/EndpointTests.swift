// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Console

@Suite("Addresses on the command line")
struct EndpointTests {
    @Test(
        "hosts, IPv4 and bracketed IPv6 are read and printed alike",
        arguments: [
            ("localhost:4444", "localhost", 4444), ("10.0.0.7:1", "10.0.0.7", 1), ("[fd00::7]:65535", "fd00::7", 65535),
        ] as [(String, String, UInt16)])
    func reads(text: String, host: String, port: UInt16) throws {
        let endpoint = try Endpoint.parse(text)
        #expect(endpoint == Endpoint(host: host, port: port))
        #expect(endpoint.description == text)
    }

    @Test("a missing port is filled in only where there is a default")
    func defaultPort() throws {
        #expect(try Endpoint.parse("host", defaultPort: 4444).port == 4444)
        #expect(try Endpoint.parse("[::1]", defaultPort: 4444) == Endpoint(host: "::1", port: 4444))
        #expect(throws: FlagError.self) { try Endpoint.parse("host") }
    }

    @Test(
        "where to listen may be every address and any free port",
        arguments: [
            (":9090", "", 9090), ("127.0.0.1:0", "127.0.0.1", 0), ("[::1]:65535", "::1", 65535), ("[::]:0", "::", 0),
            ("localhost:80", "localhost", 80),
        ] as [(String, String, UInt16)])
    func listening(text: String, host: String, port: UInt16) throws {
        #expect(try Endpoint.parseListening(text) == Endpoint(host: host, port: port))
    }

    @Test(
        "a place to listen that is none is refused, quoting the value",
        arguments: ["", ":", "9090", ":65536", ":-1", "::1:9090", ":a", "host:", "[::1]", "http://a:1"])
    func refusesToListen(text: String) {
        let error = #expect(throws: FlagError.self) { try Endpoint.parseListening(text) }
        #expect(error?.message.contains("\"\(text)\"") == true)
    }

    @Test(
        "anything else is refused, quoting the value",
        arguments: [
            "", ":4444", "host:", "host:0", "host:65536", "host:x", "::1:4444", "[::1", "[::1]x", "a b:1", "http://a:1",
        ])
    func refuses(text: String) {
        let error = #expect(throws: FlagError.self) { try Endpoint.parse(text, defaultPort: 4444) }
        #expect(error?.message.contains("\"\(text)\"") == true)
    }
}
