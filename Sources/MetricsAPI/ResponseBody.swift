// SPDX-License-Identifier: Apache-2.0

/// What an answer's head is followed by.
public enum ResponseBody: Sendable {
    case bytes([UInt8])
    case stream(any BodyStream)
}

/// How a stream goes on after it was asked for bytes.
public enum BodyProgress: Sendable {
    /// Ask again when these are gone.
    case more
    /// That was all.
    case finished
    /// Nothing now; `whenReady` says when to ask again.
    case idle
    /// It cannot go on. The client sees a body that breaks off.
    case failed
}

/// A body that is made while it is sent, chunk by chunk, as fast as the client takes it.
///
/// The server asks one call at a time, for the next chunk only when the one before is gone. So a client that reads slowly
/// makes us hold what the stream is made from and one chunk of it, and one that goes away costs no further work.
public protocol BodyStream: Sendable {
    /// Bytes in all, where they are known beforehand; nil sends the body in chunks.
    var length: Int? { get }
    /// About as many, where they are not known; nil where nobody can tell.
    var estimatedLength: Int? { get }
    /// True for bytes that come when something happens, over a time that nobody knows. There is then a time to take each
    /// chunk instead of one for the whole answer.
    var isEndless: Bool { get }
    /// True where making a chunk takes so long that it must not be done on an event loop.
    var isHeavy: Bool { get }
    /// How much room it is best given at a time, in bytes: a client that does not read makes us hold this much of its answer.
    var chunkBytes: Int { get }
    /// Appends the next bytes, about as many as `out` has room for, at least one unless idle or finished.
    mutating func next(into out: inout ByteWriter) -> BodyProgress
    /// Has `wake` called, once, from any thread, when there may be more; at once if there already is. Called after each
    /// `idle`, and replaces an earlier one.
    func whenReady(_ wake: @escaping @Sendable () -> Void)
    /// There will be no more calls: the body was taken to its end, or nobody wants the rest.
    func end()
}

extension BodyStream {
    public var length: Int? { nil }
    public var estimatedLength: Int? { self.length }
    public var isEndless: Bool { false }
    public var isHeavy: Bool { false }
    public var chunkBytes: Int { 64 * 1024 }
    public func whenReady(_ wake: @escaping @Sendable () -> Void) { wake() }
    public func end() {}
}

extension ResponseBody {
    /// All of it at once. A stream that has nothing now ends there.
    public func collected() -> [UInt8] {
        switch self {
        case .bytes(let bytes): return bytes
        case .stream(var stream):
            var out = ByteWriter()
            while stream.next(into: &out) == .more { out.reserve(4096) }
            stream.end()
            return out.bytes
        }
    }
}
