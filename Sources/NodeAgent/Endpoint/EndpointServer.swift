// SPDX-License-Identifier: Apache-2.0
import Console
import Glibc
import Synchronization
import TLS

/// Answers HTTP requests about this agent, from one thread that waits for all clients at once.
final class EndpointServer: Sendable {
    typealias Respond = @Sendable (RequestHead, _ isLastMoment: Bool) -> Answer?

    let address: SocketAddress
    private let listener: Socket
    private let times: EndpointTimes
    private let log: AgentLog
    private let signal: EventSignal
    private let isStopped = Atomic(false)
    private let respond: Respond

    /// - Parameters:
    ///   - signal: to be raised when `respond` may have an answer that it did not have before.
    ///   - respond: nil: the answer takes a moment; it is asked again with each raise, and at the last moment.
    init(
        endpoint: Endpoint, times: EndpointTimes = EndpointTimes(), log: AgentLog, signal: EventSignal,
        respond: @escaping Respond
    ) throws(TLSError) {
        listener = try Self.listener(endpoint)
        guard let address = listener.localAddress else {
            throw TLSError(.invalidArgument, "the address that \(endpoint) was bound to cannot be read")
        }
        self.address = address
        self.times = times
        self.log = log
        self.signal = signal
        self.respond = respond
    }

    private static func listener(_ endpoint: Endpoint) throws(TLSError) -> Socket {
        guard endpoint.host.isEmpty else {
            // Never empty. Of a name with several addresses the first is the one that it is known by.
            let addresses = try SocketAddress.resolve(host: endpoint.host, port: endpoint.port)
            return try Socket.listen(on: addresses[0])
        }
        if let all = SocketAddress(ipLiteral: "::", port: endpoint.port), let socket = try? Socket.listen(on: all) {
            return socket
        }
        // A kernel without IPv6; or the port is taken, and this says so.
        guard let all = SocketAddress(ipLiteral: "0.0.0.0", port: endpoint.port) else {
            throw TLSError(.invalidArgument, "no address to listen on")
        }
        return try Socket.listen(on: all)
    }

    /// Ends ``run()``: no more clients, and those that wait for an answer get it within `EndpointTimes.goodbye`.
    func stop() {
        isStopped.store(true, ordering: .releasing)
        signal.raise()
    }

    func run() {
        var clients: [EndpointClient] = []
        var pause: Deadline?
        var end: Deadline?
        while true {
            var isDue = false
            if end == nil, isStopped.load(ordering: .acquiring) {
                end = .after(times.goodbye)
                // Nothing wakes us for those that wait for an answer; they are due now.
                isDue = true
                clients.removeAll { $0.conversation.isReading }
            }
            if let end, end.hasPassed || clients.isEmpty { return }
            if let waiting = pause, waiting.hasPassed { pause = nil }
            let events = wait(
                clients, accepts: end == nil && pause == nil && clients.count < EndpointLimits.sockets,
                until: isDue ? [.after(.zero)] : [pause, end].compactMap { $0 })
            for (client, event) in zip(clients, events.clients) { client.serve(event, isEnding: end != nil, respond) }
            clients.removeAll { $0.conversation.isOver || end != nil && $0.conversation.isReading }
            if events.mayAccept {
                do throws(TLSError) {
                    try accept(into: &clients)
                } catch {
                    if pause == nil { log.warning("the endpoint takes no connections for now", ("reason", "\(error)")) }
                    pause = .after(times.acceptPause)
                }
            }
        }
    }

    private struct Events {
        var mayAccept = false
        /// In the order of the clients.
        var clients: [Int16] = []
    }

    private func wait(_ clients: [EndpointClient], accepts: Bool, until deadlines: [Deadline]) -> Events {
        var entries = [
            pollfd(fd: signal.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: accepts ? listener.descriptor : -1, events: Int16(POLLIN), revents: 0),
        ]
        entries += clients.map { pollfd(fd: $0.descriptor, events: $0.events, revents: 0) }
        let next = clients.reduce(deadlines.min() ?? .distantFuture) { min($0, $1.conversation.deadline) }
        let count = unsafe poll(&entries, nfds_t(entries.count), next.remainingMilliseconds)
        if entries[0].revents != 0 { signal.drain() }
        return Events(
            mayAccept: count > 0 && entries[1].revents != 0,
            clients: entries.dropFirst(2).map { count > 0 ? $0.revents : 0 })
    }

    private func accept(into clients: inout [EndpointClient]) throws(TLSError) {
        while clients.count < EndpointLimits.sockets, let socket = try listener.accept() {
            let client = EndpointClient(socket: socket, times: times)
            if !hasPlace(clients) { makeRoom(in: clients) }
            if !hasPlace(clients) {
                client.refuse(.unavailable, "\(EndpointLimits.connections) requests are being answered; try again")
            }
            clients.append(client)
        }
    }

    private func hasPlace(_ clients: [EndpointClient]) -> Bool {
        clients.count { $0.conversation.holdsPlace } < EndpointLimits.connections
    }

    /// Whoever only holds a place has to go: one that idles first, then the one that has taken the longest to ask. So
    /// clients that never finish a request keep nobody out.
    private func makeRoom(in clients: [EndpointClient]) {
        let candidates = clients.filter { $0.conversation.isReading }
        let isEarlier = { (a: EndpointClient, b: EndpointClient) in a.conversation.deadline < b.conversation.deadline }
        if let idle = candidates.filter({ $0.conversation.isIdle }).min(by: isEarlier) {
            idle.conversation.end()
        } else if let slow = candidates.min(by: isEarlier) {
            slow.refuse(.requestTimeout, "the request was too slow, and others wait")
        }
    }
}
