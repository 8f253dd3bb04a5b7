// SPDX-License-Identifier: Apache-2.0
import TLS

/// One client's connection without its socket: what it sent, what it is to be sent, and how long all that may take.
struct Conversation {
    private enum Phase {
        case reading
        /// The request has come, its answer has not.
        case asked(RequestHead)
        case writing(keepsAlive: Bool)
        /// Everything is said. What the client still sends is thrown away: to close on it would take from it what it was
        /// told (RFC 9112 §9.6).
        case draining(left: Int)
        case over
    }

    private var phase = Phase.reading
    private var input: [UInt8] = []
    private var head: [UInt8] = []
    private var body: [UInt8] = []
    private var sent = 0
    private var answered = 0
    private var hasInputEnded = false
    private var isRefused = false
    private let times: EndpointTimes
    /// When what it waits for is over: ``timedOut()``, or the last moment for an answer.
    private(set) var deadline: Deadline

    init(times: EndpointTimes) {
        self.times = times
        deadline = .after(times.request)
    }

    // MARK: What is to be done

    var isOver: Bool { if case .over = phase { true } else { false } }

    /// Between two requests. One that has just come is not: it is about to ask.
    var isIdle: Bool { if case .reading = phase { input.isEmpty && answered > 0 } else { false } }

    var isReading: Bool { if case .reading = phase { true } else { false } }

    var isDraining: Bool { if case .draining = phase { true } else { false } }

    /// Whether it counts among the clients, and is not only on its way out.
    var holdsPlace: Bool { !isRefused && !isDraining && !isOver }

    /// What is to be answered.
    var request: RequestHead? { if case .asked(let request) = phase { request } else { nil } }

    /// How much may be taken from the client now.
    var inputLimit: Int {
        switch phase {
        case .reading: hasInputEnded ? 0 : EndpointLimits.headBytes - input.count
        case .draining(let left): min(left, EndpointLimits.headBytes)
        case .asked, .writing, .over: 0
        }
    }

    /// What is to be sent next; empty: nothing.
    var output: ArraySlice<UInt8> {
        guard case .writing = phase else { return [] }
        return sent < head.count ? head[sent...] : body[(sent - head.count)...]
    }

    // MARK: What happened

    mutating func received(_ bytes: [UInt8]) {
        switch phase {
        case .reading:
            // The time of a request runs from its first byte.
            if input.isEmpty { deadline = .after(times.request) }
            input += bytes
            readHead()
        case .draining(let left):
            phase = bytes.count < left ? .draining(left: left - bytes.count) : .over
        case .asked, .writing, .over: break
        }
    }

    /// The client sends no more; it may still wait for answers.
    mutating func inputEnded() {
        hasInputEnded = true
        switch phase {
        case .reading where input.isEmpty: phase = .over
        case .reading: refuse(.badRequest, "the request ended in the middle")
        case .draining: phase = .over
        case .asked, .writing, .over: break
        }
    }

    mutating func answer(_ answer: Answer) {
        guard case .asked(let request) = phase else { return }
        answered += 1
        let isLast = hasInputEnded && input.isEmpty || answered >= EndpointLimits.requestsPerConnection
        write(answer, keepsAlive: request.keepsAlive && !isLast, withBody: request.method == .get)
    }

    mutating func sent(_ count: Int) {
        guard case .writing(let keepsAlive) = phase else { return }
        sent += count
        guard sent >= head.count + body.count else { return }
        head = []
        body = []
        if keepsAlive {
            phase = .reading
            deadline = .after(input.isEmpty ? times.idle : times.request)
            // The next one may be here already.
            if !input.isEmpty { readHead() } else if hasInputEnded { phase = .over }
        } else if hasInputEnded {
            phase = .over
        } else {
            phase = .draining(left: EndpointLimits.drainBytes)
            deadline = .after(times.drain)
        }
    }

    mutating func timedOut() {
        switch phase {
        // A word now would be taken for the answer to a request that is on its way.
        case .reading where input.isEmpty && answered > 0: phase = .over
        case .reading: refuse(.requestTimeout, "no request came in time")
        case .asked, .writing, .draining, .over: phase = .over
        }
    }

    /// The agent needs the place for another client, or says that it has none.
    mutating func refuse(_ status: HTTPStatus, _ reason: String) {
        isRefused = true
        write(Answer(status, reason), keepsAlive: false, withBody: true)
    }

    /// The connection is lost, or of no use.
    mutating func end() { phase = .over }

    private mutating func readHead() {
        switch RequestParser.parse(input) {
        case .incomplete:
            if hasInputEnded { refuse(.badRequest, "the request ended in the middle") }
        case .request(let request, let length):
            input.removeFirst(length)
            phase = .asked(request)
            deadline = .after(times.collection)
        case .refused(let status, let reason): refuse(status, reason)
        }
    }

    private mutating func write(_ answer: Answer, keepsAlive: Bool, withBody: Bool) {
        head = answer.head(keepsAlive: keepsAlive)
        body = withBody ? answer.body : []
        sent = 0
        if !keepsAlive { input = [] }
        phase = .writing(keepsAlive: keepsAlive)
        deadline = .after(times.request)
    }
}
