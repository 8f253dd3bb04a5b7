// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix
import Synchronization
import TLS

/// Looks up the API server's name off the event loops. Everybody who asks meanwhile waits for the same look-up, so that
/// a resolver that hangs takes one thread and no more.
final class NameResolver: Sendable {
    private typealias LookUp = EventLoopFuture<[TLS.SocketAddress]>

    private let endpoint: ServerURL
    private let group: any EventLoopGroup
    private let threads: NIOThreadPool
    private let underWay = Mutex<LookUp?>(nil)

    init(endpoint: ServerURL, group: any EventLoopGroup, threads: NIOThreadPool) {
        self.endpoint = endpoint
        self.group = group
        self.threads = threads
    }

    /// Every address of the server; never empty.
    func addresses(until deadline: NIODeadline) async throws(ExchangeFailure) -> [TLS.SocketAddress] {
        if let literal = TLS.SocketAddress(ipLiteral: endpoint.host, port: endpoint.port) { return [literal] }
        let loop = group.next()
        let (lookUp, isNew) = underWay.withLock { underWay in
            if let lookUp = underWay { return (lookUp, false) }
            let lookUp = threads.runIfActive(eventLoop: loop) { [endpoint] in
                try TLS.SocketAddress.resolve(host: endpoint.host, port: endpoint.port)
            }
            underWay = lookUp
            return (lookUp, true)
        }
        if isNew { lookUp.whenComplete { _ in self.underWay.withLock { $0 = nil } } }
        do {
            // getaddrinfo has deadlines of its own, which may be longer than ours.
            return try await lookUp.hop(to: loop).limited(
                to: deadline, ExchangeFailure(.timedOut, "the name '\(endpoint.host)' does not resolve in time"))
        } catch let error as TLSError {
            throw ExchangeFailure(.unreachable, error.message)
        } catch {
            throw error as? ExchangeFailure ?? ExchangeFailure(.unreachable, "\(error)")
        }
    }
}

extension EventLoopFuture where Value: Sendable {
    /// Waits no longer than `deadline`, then throws `failure`; what the future gives later is dropped.
    func limited(to deadline: NIODeadline, _ failure: ExchangeFailure) async throws -> Value {
        let promise = eventLoop.makePromise(of: Value.self)
        let timer = eventLoop.scheduleTask(deadline: deadline) { promise.fail(failure) }
        whenComplete { result in
            timer.cancel()
            promise.completeWith(result)
        }
        return try await promise.futureResult.get()
    }
}
