// SPDX-License-Identifier: Apache-2.0
import Console
import ServiceLifecycle
import UnixSignals

/// Runs the process's one service until it ends, or until SIGTERM or SIGINT ask it to.
struct SignalledService: Service {
    private let body: @Sendable () async throws -> Void

    func run() async throws { try await body() }

    static func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: SignalledService(body: body))],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: StandardErrorLog.logger(label: "lifecycle", level: .warning)))
        try await group.run()
    }
}
