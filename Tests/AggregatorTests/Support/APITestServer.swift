// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix
import TLS
import TLSTestSupport

@testable import Aggregator

/// The API port on 127.0.0.1, and curl as its client.
struct APITestServer {
    let log = LogCapture()
    let server: APIServer
    /// What answers unless the test brings its own responder.
    let router: RequestRouter
    let port: UInt16
    private let listener: any Channel
    /// Of its own: what keeps one test's loop busy must not make another's timers fire late.
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let directory = TemporaryDirectory()
    private let authority: String

    static func run(
        _ router: RequestRouter = .test(), responder: (any Responder)? = nil, times: ServerTimes = ServerTimes(),
        _ body: (APITestServer) async throws -> Void
    ) async throws {
        let server = try await APITestServer(router, responder ?? router, times)
        let result = await Result { () async throws in try await body(server) }
        try await server.listener.close()
        await server.server.connections.closeAll()
        try await server.group.shutdownGracefully()
        try result.get()
    }

    private init(_ router: RequestRouter, _ responder: any Responder, _ times: ServerTimes) async throws {
        self.router = router
        server = APIServer(responder: responder, logger: log.logger, times: times)
        let context = try TestPKI.shared.serverContext(clients: .requested, alpn: APIServer.protocols)
        listener = try await server.bind(
            host: "127.0.0.1", port: 0, context: { context }, group: group)
        port = UInt16(listener.localAddress?.port ?? 0)
        authority = directory.write("ca.pem", TestPKI.shared.authority.certificatePEM)
    }

    func url(_ path: String) -> String { "https://127.0.0.1:\(port)\(path)" }

    func file(_ name: String, _ text: String) -> String { directory.write(name, Array(text.utf8)) }

    struct Answer {
        /// curl's own exit status; 0 when there was an answer.
        var exit: Int32
        /// The last answer's: curl shows a 100 before it.
        var status = 0
        /// Such as `HTTP/1.1` or `HTTP/2`.
        var version = ""
        /// By lowercase name.
        var headers: [String: String] = [:]
        var body = ""
    }

    /// One request; with the user's token unless `token` says otherwise.
    func curl(_ path: String, _ arguments: String..., token: String? = RequestRouter.userToken) async throws -> Answer {
        let authorization = token.map { ["-H", "Authorization: Bearer \($0)"] } ?? []
        let (exit, text) = try await run(["-i", url(path)] + arguments + authorization)
        var answer = Answer(exit: exit)
        var rest = text[...]
        while rest.hasPrefix("HTTP/"), let end = rest.firstRange(of: "\r\n\r\n") {
            let lines = rest[..<end.lowerBound].split(separator: "\r\n")
            let parts = lines[0].split(separator: " ")
            answer.version = String(parts[0])
            answer.status = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
            answer.headers = Dictionary(
                lines.dropFirst().map { line in
                    let name = line.prefix { $0 != ":" }
                    return (name.lowercased(), String(line.dropFirst(name.count + 2)))
                }, uniquingKeysWith: { "\($0), \($1)" })
            rest = rest[end.upperBound...]
        }
        answer.body = String(rest)
        return answer
    }

    /// curl with other arguments altogether; what comes behind `--next` is another of its requests.
    func run(_ arguments: [String]) async throws -> (status: Int32, text: String) {
        // To curl as such, JSON is laid out for people.
        let common = ["-sS", "-m", "15", "-A", "tests", "--cacert", authority]
        let all = arguments.split(separator: "--next").map { common + $0 }.joined(separator: ["--next"])
        return try await offPool { try ChildProcess.run(["curl"] + all) }
    }

    func client(_ protocols: [String] = ["http/1.1"]) throws -> TLSClient {
        try TLSClient(port: port, alpn: protocols)
    }

    /// Whether the server gets rid of all its connections by itself.
    func losesAllConnections() async throws -> Bool { try await eventually { server.connections.count == 0 } }
}

extension TLSClient {
    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// All that comes until the server ends the connection, in whatever way.
    func rest() -> String {
        var bytes: [UInt8] = []
        while let more = try? receive(), !more.isEmpty { bytes += more }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension RequestRouter {
    /// At `/readyz`, an answer that no socket buffer holds.
    static var huge: RequestRouter {
        let text = String(repeating: "x", count: hugeBytes)
        return .test(ready: [HealthCheck(name: "huge") { text }])
    }
    static let hugeBytes = 16 << 20
}
