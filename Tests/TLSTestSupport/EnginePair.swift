// SPDX-License-Identifier: Apache-2.0
public import TLS

/// A client and a server engine joined in memory.
public final class EnginePair {
    public let client: TLSEngine
    public let server: TLSEngine
    /// Ciphertext on its way, at most this many bytes per call.
    public var chunk = Int.max
    public var toServer: [UInt8] = []
    public var toClient: [UInt8] = []
    public private(set) var clientError: TLSError?
    public private(set) var serverError: TLSError?

    public init(client: TLSContext, server: TLSContext, name: String = "localhost") throws {
        self.client = try TLSEngine(context: client, role: .client(serverName: name))
        self.server = try TLSEngine(context: server, role: .server)
    }

    /// Runs both handshakes as far as they go.
    public func handshake() {
        var clientDone = false
        var serverDone = false
        while true {
            let before = (toServer.count, toClient.count, clientDone, serverDone)
            step(client, &toClient, &toServer, &clientDone, &clientError)
            step(server, &toServer, &toClient, &serverDone, &serverError)
            if (clientDone || clientError != nil) && (serverDone || serverError != nil) { return }
            if before == (toServer.count, toClient.count, clientDone, serverDone) { return }
        }
    }

    private func step(
        _ engine: TLSEngine, _ inbound: inout [UInt8], _ outbound: inout [UInt8], _ done: inout Bool,
        _ failure: inout TLSError?
    ) {
        if done || failure != nil { return }
        repeat {
            let given = Array(inbound.prefix(chunk))
            let step = engine.handshake(given.span.bytes)
            inbound.removeFirst(step.consumed)
            outbound += engine.takeOutbound()
            switch step.outcome {
            case .complete:
                done = true
                return
            case .failed(let error):
                failure = error
                return
            case .incomplete: break
            }
        } while !inbound.isEmpty
    }

    public enum End: Equatable {
        case waiting
        case closeNotify
        case failed(TLSError)
    }

    /// Reads what has arrived at `engine`.
    public func read(_ engine: TLSEngine, room: Int = 20_000) -> (bytes: [UInt8], end: End) {
        var inbound = engine === client ? toClient : toServer
        var bytes: [UInt8] = []
        while true {
            let given = Array(inbound.prefix(chunk))
            var step = TLSEngine.Step(consumed: 0, outcome: TLSEngine.ReadOutcome.incomplete)
            var output = [UInt8](repeating: 0, count: room)
            var filled = 0
            output.withUnsafeMutableBytes { buffer in
                var span = OutputRawSpan(buffer: buffer, initializedCount: 0)
                step = engine.read(given.span.bytes, into: &span)
                filled = span.byteCount
            }
            bytes += output.prefix(filled)
            inbound.removeFirst(step.consumed)
            if engine === client { toClient = inbound } else { toServer = inbound }
            switch step.outcome {
            case .bytes: continue
            case .incomplete:
                if inbound.isEmpty { return (bytes, .waiting) }
            case .closeNotify: return (bytes, .closeNotify)
            case .failed(let error): return (bytes, .failed(error))
            }
        }
    }

    /// Encrypts all of `bytes` and puts it on its way.
    public func write(_ engine: TLSEngine, _ bytes: [UInt8]) throws {
        var offset = 0
        while offset < bytes.count {
            switch engine.write(bytes.span.bytes.extracting(offset..<bytes.count)) {
            case .wrote(let count): offset += count
            case .full: send(engine)
            case .failed(let error): throw error
            }
        }
        send(engine)
    }

    public func send(_ engine: TLSEngine) {
        if engine === client { toServer += engine.takeOutbound() } else { toClient += engine.takeOutbound() }
    }
}
