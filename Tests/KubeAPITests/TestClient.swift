// SPDX-License-Identifier: Apache-2.0
import KubeTestSupport
import Logging
import NIOCore
import NIOPosix
import TLSTestSupport

@testable import KubeAPI

/// A fake API server, the files to reach it, and a client that does.
final class TestCluster: Sendable {
    let server: FakeAPIServer
    let files: ClusterFiles
    let client: KubeClient

    init(_ times: KubeTimes = .patient) async throws {
        server = try await FakeAPIServer()
        files = ClusterFiles()
        client = try Self.client(server, files, times)
    }

    static func client(
        _ server: FakeAPIServer, _ files: ClusterFiles, _ times: KubeTimes = .patient,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) throws -> KubeClient {
        KubeClient(
            configuration: try .inCluster(
                directory: files.directory.path, environment: files.environment(server)),
            group: group, userAgent: "metrics-push-tests/1",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, times: times)
    }

    func close() async {
        await client.shutdown()
        await server.stop()
    }
}

extension KubeTimes {
    /// Nothing that a busy machine does passes for a server's failure.
    static var patient: KubeTimes {
        KubeTimes(
            request: .seconds(120), list: .seconds(120), connect: .seconds(120), handshake: .seconds(120))
    }
}

/// The error a call of the client ends with; nil if it does not.
func kubeError(_ body: () async throws -> some Any) async -> KubeError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? KubeError
    }
}
