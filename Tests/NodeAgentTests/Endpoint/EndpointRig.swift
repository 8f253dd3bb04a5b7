// SPDX-License-Identifier: Apache-2.0
import Console
import TLS

@testable import NodeAgent

/// A server in a thread of its own.
final class EndpointRig {
    let collected = CollectedLog()
    let port: UInt16
    private let server: EndpointServer
    private let running: PushRig.Running<Bool>

    /// - Parameter adjust: the waits that the test is about; the others are long.
    init(
        _ adjust: (inout EndpointTimes) -> Void = { _ in }, signal: EventSignal? = nil,
        respond: @escaping EndpointServer.Respond = EndpointRig.echo
    ) throws {
        var times = EndpointTimes()
        times.request = .seconds(60)
        times.drain = .seconds(60)
        times.collection = .seconds(60)
        times.goodbye = .seconds(60)
        adjust(&times)
        let server = try EndpointServer(
            endpoint: Endpoint(host: "127.0.0.1", port: 0), times: times, log: collected.log,
            signal: try signal ?? EventSignal(), respond: respond)
        self.server = server
        port = server.address.port
        running = try PushRig.Running {
            server.run()
            return true
        }
    }

    deinit { server.stop() }

    static let echo: EndpointServer.Respond = { request, _ in Answer(.ok, request.path) }

    func client() throws -> RawClient { try RawClient(port: port) }

    /// Waits until the server's thread has ended; a goodbye has a minute.
    func stop(within limit: Duration = .seconds(30)) throws {
        server.stop()
        _ = try running.end(within: limit)
    }
}
