// SPDX-License-Identifier: Apache-2.0
import Console
import Glibc
import NIOCore
import TLS

/// The two ports, open.
struct Ports: Sendable {
    private let push: any Channel
    private let api: any Channel
    private let ingest: IngestService
    private let server: APIServer

    /// - Parameter contexts: asked anew for each connection, so that certificates can be replaced.
    /// - Throws: `StartupError` that names the flag when a port is taken.
    static func open(
        _ configuration: AggregatorConfiguration, ingest: IngestService, server: APIServer, contexts: ServingContexts,
        on group: any EventLoopGroup
    ) async throws -> Ports {
        let push = try await bound(configuration.bindAddress, configuration.pushPort, flag: "--push-port") {
            try await ingest.bind(host: $0, port: $1, context: { contexts.push }, listeners: group)
        }
        let api: any Channel
        do {
            api = try await bound(configuration.bindAddress, configuration.securePort, flag: "--secure-port") {
                try await server.bind(host: $0, port: $1, context: { contexts.api }, group: group)
            }
        } catch {
            try? await push.close()
            throw error
        }
        return Ports(push: push, api: api, ingest: ingest, server: server)
    }

    /// `127.0.0.1:4443`, `[::1]:4443`.
    var apiAddress: String { Self.address(of: api) }
    var pushAddress: String { Self.address(of: push) }

    /// Takes no new connections, then ends those that are open.
    func close() async {
        try? await push.close()
        try? await api.close()
        await ingest.shutDown()
        await server.connections.closeAll()
    }

    private static func bound(
        _ host: String, _ port: Int, flag: String, _ bind: (String, Int) async throws -> any Channel
    ) async throws -> any Channel {
        do {
            return try await bind(host, port)
        } catch let error as IOError where host == "::" && error.errnoCode == EAFNOSUPPORT {
            // All addresses of a machine without IPv6.
            return try await bound("0.0.0.0", port, flag: flag, bind)
        } catch {
            let inUse = (error as? IOError)?.errnoCode == EADDRINUSE
            throw StartupError(
                "cannot listen on \(host):\(port): "
                    + (inUse ? "the port is in use; choose another with \(flag)" : "\(error)"))
        }
    }

    private static func address(of channel: any Channel) -> String {
        guard let address = channel.localAddress, let host = address.ipAddress, let port = address.port else {
            return ""
        }
        return Endpoint(host: host, port: UInt16(clamping: port)).description
    }
}
