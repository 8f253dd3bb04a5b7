// SPDX-License-Identifier: Apache-2.0

/// The life of one TLS connection: events in, actions out, no I/O.
///
/// Closing is symmetric: what was flushed goes out first, then our close_notify, then the peer's is awaited, then the
/// transport is closed once all of it has left.
struct ConnectionStateMachine: ~Copyable {
    private enum State {
        /// The transport is not active yet.
        case idle
        /// `closeOutput`: `close(mode: .output)` was asked for and waits for the handshake and the writes before it.
        case handshaking(closeOutput: Bool)
        case active
        /// Half-closed by us, flushed writes still going out; close_notify comes after them.
        case outputClosing
        /// Our close_notify is sent; the peer may go on.
        case outputClosed
        /// The peer's close_notify has come and half-closure is allowed; we may go on.
        case inputClosed
        /// Closing, flushed writes still going out. `peerDone`: the peer's close_notify has come.
        case draining(peerDone: Bool)
        /// Closing: our close_notify is sent, the peer's is awaited.
        case awaitingPeer
        /// Closing: both have said goodbye, the last bytes leave the transport.
        case leaving
        /// Nothing more is done to the transport.
        case closed
    }

    private var state: State = .idle

    // MARK: Opening

    /// The transport is active. True: start the handshake.
    mutating func activate() -> Bool {
        switch state {
        case .idle:
            state = .handshaking(closeOutput: false)
            return true
        case .handshaking, .active, .outputClosing, .outputClosed, .inputClosed, .draining, .awaitingPeer,
            .leaving, .closed:
            return false
        }
    }

    enum HandshakeCompletion: Equatable {
        case open
        /// Half-close as soon as the writes before it are out.
        case openThenCloseOutput
        case ignore
    }

    mutating func handshakeCompleted() -> HandshakeCompletion {
        switch state {
        case .handshaking(let closeOutput):
            state = closeOutput ? .outputClosing : .active
            return closeOutput ? .openThenCloseOutput : .open
        case .idle, .active, .outputClosing, .outputClosed, .inputClosed, .draining, .awaitingPeer,
            .leaving, .closed:
            return .ignore
        }
    }

    /// A fatal error. False: already closed, there is nobody to tell.
    mutating func fail() -> Bool {
        switch state {
        case .closed:
            return false
        case .idle, .handshaking, .active, .outputClosing, .outputClosed, .inputClosed, .draining, .awaitingPeer,
            .leaving:
            state = .closed
            return true
        }
    }

    // MARK: Questions

    enum Inbound: Equatable {
        case handshake
        case decrypt
        case discard
    }

    /// What to do with received bytes.
    var inbound: Inbound {
        switch state {
        case .handshaking: .handshake
        // Also while closing: the peer's close_notify is behind its last data.
        case .active, .outputClosing, .outputClosed, .draining(peerDone: false), .awaitingPeer: .decrypt
        case .idle, .inputClosed, .draining(peerDone: true), .leaving, .closed: .discard
        }
    }

    enum Writing: Equatable {
        case queue
        case outputClosed
        case closed
    }

    /// What to do with an application write.
    var writing: Writing {
        switch state {
        case .idle, .handshaking(closeOutput: false), .active, .inputClosed: .queue
        case .handshaking(closeOutput: true), .outputClosing, .outputClosed: .outputClosed
        case .draining, .awaitingPeer, .leaving, .closed: .closed
        }
    }

    /// Whether flushed writes may be encrypted now.
    var canEncrypt: Bool {
        switch state {
        case .active, .outputClosing, .inputClosed, .draining: true
        case .idle, .handshaking, .outputClosed, .awaitingPeer, .leaving, .closed: false
        }
    }

    /// Whether the handshake is still ahead, so that writes can only wait.
    var isBeforeData: Bool {
        switch state {
        case .idle, .handshaking: true
        case .active, .outputClosing, .outputClosed, .inputClosed, .draining, .awaitingPeer, .leaving, .closed: false
        }
    }

    /// Whether we need the peer's bytes ourselves, even if the application does not read.
    var readsForItself: Bool {
        switch state {
        case .handshaking, .awaitingPeer, .draining(peerDone: false): true
        case .idle, .active, .outputClosing, .outputClosed, .inputClosed, .draining(peerDone: true), .leaving,
            .closed:
            false
        }
    }

    // MARK: Closing

    enum Close: Equatable {
        /// TLS has no part in it: close the transport.
        case passThrough
        /// In the middle of a handshake no close_notify is possible: close the transport.
        case abort
        /// Start the close timer; unflushed writes fail; then ask `outputDrained`.
        case drain
        /// Our close_notify is out already: start the close timer and wait for the peer's.
        case await
        /// A close is under way: complete with it.
        case join
    }

    mutating func close() -> Close {
        switch state {
        case .idle:
            state = .closed
            return .passThrough
        case .handshaking:
            state = .closed
            return .abort
        case .active, .outputClosing:
            state = .draining(peerDone: false)
            return .drain
        case .inputClosed:
            state = .draining(peerDone: true)
            return .drain
        case .outputClosed:
            state = .awaitingPeer
            return .await
        case .draining, .awaitingPeer, .leaving:
            return .join
        case .closed:
            return .passThrough
        }
    }

    enum CloseOutput: Equatable {
        /// Flush what is written, then ask `outputDrained`.
        case drain
        /// Done later, with an earlier request or after the handshake; flush what is written.
        case join
        /// The peer is done already: close all.
        case closeAll
        case alreadyClosed
        /// There is no connection to half-close.
        case notConnected
    }

    mutating func closeOutput() -> CloseOutput {
        switch state {
        case .idle:
            return .notConnected
        case .handshaking:
            state = .handshaking(closeOutput: true)
            return .join
        case .active:
            state = .outputClosing
            return .drain
        case .outputClosing:
            return .join
        case .inputClosed:
            return .closeAll
        case .outputClosed, .draining, .awaitingPeer, .leaving, .closed:
            return .alreadyClosed
        }
    }

    enum Drained: Equatable {
        case nothing
        /// Send close_notify, then close the transport's output.
        case closeOutput
        /// Send close_notify and wait for the peer's.
        case awaitPeer
        /// Send close_notify, and close the transport when it is out.
        case leave
    }

    /// No flushed write is waiting any more.
    mutating func outputDrained() -> Drained {
        switch state {
        case .outputClosing:
            state = .outputClosed
            return .closeOutput
        case .draining(peerDone: false):
            state = .awaitingPeer
            return .awaitPeer
        case .draining(peerDone: true):
            state = .leaving
            return .leave
        case .idle, .handshaking, .active, .outputClosed, .inputClosed, .awaitingPeer, .leaving, .closed:
            return .nothing
        }
    }

    enum PeerClose: Equatable {
        case ignore
        /// Tell the application that nothing more comes.
        case signalInputClosed
        /// Answer with close_notify after the flushed writes: start the close timer, then ask `outputDrained`.
        case drain
        /// Both are done: close the transport when all is out.
        case leave
    }

    /// The peer's close_notify, its plaintext being delivered already.
    mutating func closeNotifyReceived(halfClosure: Bool) -> PeerClose {
        switch state {
        case .active where halfClosure:
            state = .inputClosed
            return .signalInputClosed
        case .active, .outputClosing:
            state = .draining(peerDone: true)
            return .drain
        case .outputClosed, .awaitingPeer:
            state = .leaving
            return .leave
        case .draining:
            state = .draining(peerDone: true)
            return .ignore
        case .idle, .handshaking, .inputClosed, .leaving, .closed:
            return .ignore
        }
    }

    enum TransportEnd: Equatable {
        /// The handshake was cut short.
        case handshakeCut
        /// The stream ended without close_notify.
        case truncated
        /// An orderly end, or one we had asked for.
        case finished
        case alreadyClosed
    }

    /// The transport is gone.
    mutating func transportClosed() -> TransportEnd {
        switch state {
        case .handshaking:
            state = .closed
            return .handshakeCut
        case .active, .outputClosing, .outputClosed:
            state = .closed
            return .truncated
        case .idle, .inputClosed, .draining, .awaitingPeer, .leaving:
            state = .closed
            return .finished
        case .closed:
            return .alreadyClosed
        }
    }

    enum TransportInputEnd: Equatable {
        /// Nothing is waiting for more input.
        case ignore
        /// As in ``TransportEnd``; report it as an error.
        case handshakeCut
        case truncated
        /// The peer hung up instead of answering our close_notify: close the transport when all is out.
        case leave
    }

    /// The transport's input has ended, its output is still open.
    mutating func transportInputClosed() -> TransportInputEnd {
        switch state {
        case .handshaking:
            return .handshakeCut
        case .active, .outputClosing, .outputClosed:
            return .truncated
        case .draining:
            state = .draining(peerDone: true)
            return .ignore
        case .awaitingPeer:
            state = .leaving
            return .leave
        case .idle, .inputClosed, .leaving, .closed:
            return .ignore
        }
    }

    /// The last bytes have left. True: close the transport.
    mutating func left() -> Bool {
        switch state {
        case .leaving:
            state = .closed
            return true
        case .idle, .handshaking, .active, .outputClosing, .outputClosed, .inputClosed, .draining,
            .awaitingPeer, .closed:
            return false
        }
    }

    enum Expiry: Equatable {
        case ignore
        case handshakeTimedOut
        /// The peer did not take what was flushed.
        case drainTimedOut
        /// The peer did not answer our close_notify; nothing of ours is lost.
        case closeNow
    }

    mutating func timerFired() -> Expiry {
        switch state {
        case .handshaking:
            return .handshakeTimedOut
        case .draining:
            return .drainTimedOut
        case .awaitingPeer, .leaving:
            state = .closed
            return .closeNow
        case .idle, .active, .outputClosing, .outputClosed, .inputClosed, .closed:
            return .ignore
        }
    }
}
