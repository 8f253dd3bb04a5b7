// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Wire

/// Where the sampling thread leaves its frames and the sessions take them.
///
/// A difference is encoded once a sweep and shared. A session that is new, or was too slow and missed one, is given a
/// snapshot instead. So at most one frame waits for a session, the newest, and a slow session holds up nobody.
final class FrameFeed: Sendable {
    private struct State {
        var encoder = SampleEncoder()
        var difference: EncodedFrame?
        var isFinished = false
        var listeners: [ObjectIdentifier: EventSignal] = [:]
    }

    private let state = Mutex(State())

    /// Encodes a sweep and tells every session.
    func publish(_ sweep: (inout SampleEncoder) -> Void) throws(WireError) {
        let result = state.withLock { state -> Result<Void, WireError> in
            sweep(&state.encoder)
            do throws(WireError) {
                state.difference = try state.encoder.finish()
            } catch {
                state.difference = nil
                return .failure(error)
            }
            for listener in state.listeners.values { listener.raise() }
            return .success(())
        }
        try result.get()
    }

    /// What a session is to send next.
    /// - Parameter sequence: the last frame that it sent; nil: it needs a complete one.
    /// - Returns: nil when it has everything.
    func next(after sequence: UInt64?) throws(WireError) -> EncodedFrame? {
        let result = state.withLock { state -> Result<EncodedFrame?, WireError> in
            guard state.encoder.sequence > 0, state.encoder.sequence != sequence else { return .success(nil) }
            if let sequence, let difference = state.difference, difference.sequence == sequence + 1 {
                return .success(difference)
            }
            do throws(WireError) {
                return .success(try state.encoder.snapshot())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// No sweep will follow; sessions send what they have and say goodbye.
    func finish() {
        state.withLock { state in
            state.isFinished = true
            for listener in state.listeners.values { listener.raise() }
        }
    }

    var isFinished: Bool { state.withLock { $0.isFinished } }

    func add(listener: EventSignal) {
        state.withLock { $0.listeners[ObjectIdentifier(listener)] = listener }
    }

    func remove(listener: EventSignal) {
        state.withLock { _ = $0.listeners.removeValue(forKey: ObjectIdentifier(listener)) }
    }
}
