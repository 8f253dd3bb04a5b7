// SPDX-License-Identifier: Apache-2.0
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import TLS
import TLSChannel
import Wire

/// The port that agents push to.
final class IngestService: Sendable {
    let store: SampleStore
    let authenticator: any AgentAuthenticator
    let metrics: IngestMetrics
    let logger: Logger
    /// Names this run of the aggregator.
    let instance: String
    let times: IngestTimes
    let connections = ConnectionSet()
    private let batches: [ObjectIdentifier: NIOLoopBoundBox<SampleBatch>]

    init(
        store: SampleStore, authenticator: any AgentAuthenticator, metrics: IngestMetrics, logger: Logger,
        instance: String, times: IngestTimes = IngestTimes(), group: any EventLoopGroup
    ) async throws {
        self.store = store
        self.authenticator = authenticator
        self.metrics = metrics
        self.logger = logger
        self.instance = instance
        self.times = times
        var batches: [ObjectIdentifier: NIOLoopBoundBox<SampleBatch>] = [:]
        for loop in group.makeIterator() {
            batches[ObjectIdentifier(loop)] = try await loop.submit {
                NIOLoopBoundBox(SampleBatch(), eventLoop: loop)
            }.get()
        }
        self.batches = batches
    }

    /// One batch a loop serves all its connections: a batch lives only from decoding to copying into the store.
    func withBatch<Result>(
        of loop: any EventLoop, _ body: (inout SampleBatch) throws(WireError) -> Result
    ) throws(WireError) -> Result {
        guard let box = batches[ObjectIdentifier(loop)] else {
            var batch = SampleBatch()
            return try body(&batch)
        }
        var batch = SampleBatch()
        swap(&batch, &box.value)
        defer { swap(&batch, &box.value) }
        return try body(&batch)
    }

    /// - Parameter context: asked for with each connection.
    func bind(
        host: String, port: Int, context: @escaping @Sendable () -> TLSContext, group: any EventLoopGroup
    ) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            // A storm of 5,000 agents reconnecting after a restart must not overflow the queue.
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let tls = TLSHandler(
                        context: context(), role: .server, handshakeTimeout: self.times.handshake)
                    try channel.pipeline.syncOperations.addHandlers([tls, IngestHandler(service: self, tls: tls)])
                }
            }
            .bind(host: host, port: port).get()
    }
}
