// SPDX-License-Identifier: Apache-2.0
import Console
import TLS

/// The endpoint with its thread, if the command line asks for one.
struct RunningEndpoint {
    let board: SamplerBoard
    let details: DetailCollector?
    let thread: ThreadBox
    private let server: EndpointServer

    init?(_ options: AgentOptions, pushes: PushRegistry, _ log: AgentLog) throws {
        guard let address = options.metricsAddress else { return nil }
        let signal = try EventSignal()
        board = SamplerBoard(interval: options.interval)
        details = options.metricsDetail ? try DetailCollector(done: signal) : nil
        let endpoint = AgentEndpoint(board: board, pushes: pushes, details: details)
        do throws(TLSError) {
            server = try EndpointServer(
                endpoint: address, times: endpoint.times, log: log, signal: signal,
                respond: { endpoint.answer($0, isLastMoment: $1) })
        } catch {
            throw FlagError(error.message).of(flag: "--metrics-address")
        }
        thread = ThreadBox(try WorkerThread(name: "endpoint") { [server] in server.run() })
        log.info("the endpoint answers", ("address", "\(server.address)"), ("detail", "\(options.metricsDetail)"))
    }

    /// Clients that wait for an answer still get one; then the thread ends.
    func stop() { server.stop() }
}
