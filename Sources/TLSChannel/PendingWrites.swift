// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Application writes that are not encrypted yet, in order; a prefix of them is flushed.
///
/// Keeps no storage while empty.
struct PendingWrites {
    typealias Promise = EventLoopPromise<Void>

    private struct Write {
        var bytes: ByteBuffer
        var promise: Promise?
    }

    private var queue: CircularBuffer<Write>?
    /// How many writes at the front are flushed.
    private var flushed = 0
    /// Application bytes held.
    private(set) var byteCount = 0

    var hasFlushed: Bool { flushed > 0 }

    mutating func append(_ bytes: ByteBuffer, _ promise: Promise?) {
        byteCount += bytes.readableBytes
        if queue == nil { queue = CircularBuffer(initialCapacity: 1) }
        queue?.append(Write(bytes: bytes, promise: promise))
    }

    mutating func flush() { flushed = queue?.count ?? 0 }

    /// The first flushed write's remaining bytes; nil when none is flushed.
    var front: ByteBuffer? { flushed > 0 ? queue?.first?.bytes : nil }

    /// `count` bytes of the first write are encrypted.
    mutating func consumeFront(_ count: Int) {
        guard let index = queue?.startIndex, queue?.isEmpty == false else { return }
        queue?[index].bytes.moveReaderIndex(forwardBy: count)
        byteCount -= count
    }

    /// Takes the first write, wholly encrypted, off the queue.
    mutating func finishFront() -> Promise? {
        guard let write = queue?.popFirst() else { return nil }
        flushed -= 1
        byteCount -= write.bytes.readableBytes
        if queue?.isEmpty == true { queue = nil }
        return write.promise
    }

    /// Takes what is not flushed; the caller fails the promises.
    mutating func takeUnflushed() -> [Promise] {
        var promises: [Promise] = []
        while let count = queue?.count, count > flushed, let write = queue?.popLast() {
            byteCount -= write.bytes.readableBytes
            if let promise = write.promise { promises.append(promise) }
        }
        if queue?.isEmpty == true { queue = nil }
        return promises.reversed()
    }

    /// Takes everything; the caller fails the promises.
    mutating func takeAll() -> [Promise] {
        let promises = queue?.compactMap(\.promise) ?? []
        queue = nil
        flushed = 0
        byteCount = 0
        return promises
    }
}

extension EventLoopPromise<Void> {
    /// One promise that completes all of `promises`, in order; nil for none.
    static func fanOut(_ promises: [EventLoopPromise<Void>], on eventLoop: any EventLoop) -> EventLoopPromise<Void>? {
        if promises.count < 2 { return promises.first }
        let all = eventLoop.makePromise(of: Void.self)
        all.futureResult.whenComplete { result in
            for promise in promises { promise.completeWith(result) }
        }
        return all
    }
}
