// SPDX-License-Identifier: Apache-2.0
import Synchronization
import TLS
import Wire

/// What was pushed to one address.
struct PushFigures: Sendable {
    /// Attempts to connect.
    var attempts: UInt64 = 0
    /// Attempts and sessions that failed.
    var failures: UInt64 = 0
    /// Sessions that the aggregator accepted.
    var sessions: UInt64 = 0
    var open = 0
    /// Sessions that it refused, by code.
    var rejects: [RejectCode: UInt64] = [:]
    /// Times it asked for a complete frame.
    var resyncs: UInt64 = 0
    var completeFrames: UInt64 = 0
    var differences: UInt64 = 0
    var frameBytes: UInt64 = 0
    /// Sweeps that were never sent to it: there was no session, or it was slow.
    var dropped: UInt64 = 0
    /// When the last frame was handed over.
    var lastFrame: Deadline?
    private var lastSequence: UInt64?

    mutating func sent(_ frame: EncodedFrame) {
        if frame.isComplete { completeFrames += 1 } else { differences += 1 }
        frameBytes += UInt64(frame.bytes.count)
        if let last = lastSequence, frame.sequence > last { dropped += frame.sequence - last - 1 }
        lastSequence = frame.sequence
        lastFrame = .after(.zero)
    }
}

/// One address' figures, written by its threads and read by the endpoint's.
final class PushCounters: Sendable {
    private let figures = Mutex(PushFigures())

    var now: PushFigures { figures.withLock { $0 } }

    func change(_ body: (inout PushFigures) -> Void) { figures.withLock { body(&$0) } }
}

/// The addresses that are pushed to now. One that is gone takes its figures along: replicas come and go, and each has an
/// address of its own.
final class PushRegistry: Sendable {
    private struct Entry {
        let counters = PushCounters()
        var users = 0
    }

    private let entries = Mutex<[SocketAddress: Entry]>([:])

    /// To be given back with ``leave(_:)``. Two names of the aggregator, or an address that went and came back while its
    /// old session lasts, share one.
    func enter(_ address: SocketAddress) -> PushCounters {
        entries.withLock { entries in
            var entry = entries[address] ?? Entry()
            entry.users += 1
            entries[address] = entry
            return entry.counters
        }
    }

    func leave(_ address: SocketAddress) {
        entries.withLock { entries in
            entries[address]?.users -= 1
            if entries[address]?.users == 0 { entries[address] = nil }
        }
    }

    /// In the order of the addresses' text.
    var now: [(address: String, figures: PushFigures)] {
        let current = entries.withLock { entries in entries.map { ("\($0.key)", $0.value.counters) } }
        return current.map { ($0.0, $0.1.now) }.sorted { $0.0 < $1.0 }
    }
}
