// SPDX-License-Identifier: Apache-2.0
import KubeTestSupport
import Logging
import NIOPosix
import TLSTestSupport

@testable import KubeAPI

/// A fake API server, the files to reach it, and a client that does.
final class TestCluster: Sendable {
    let server: FakeAPIServer
    let files: ClusterFiles
    let client: KubeClient

    init(credentialsAge: Duration = .seconds(60)) async throws {
        server = try await FakeAPIServer()
        files = ClusterFiles()
        client = try Self.client(server, files, credentialsAge: credentialsAge)
    }

    static func client(
        _ server: FakeAPIServer, _ files: ClusterFiles, credentialsAge: Duration = .seconds(60)
    ) throws -> KubeClient {
        KubeClient(
            configuration: try .inCluster(
                directory: files.directory.path, environment: files.environment(server)),
            group: MultiThreadedEventLoopGroup.singleton, userAgent: "metrics-push-tests/1",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, credentialsAge: credentialsAge)
    }

    func close() async {
        await client.shutdown()
        await server.stop()
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
