// SPDX-License-Identifier: Apache-2.0
import Gzip
import MetricsAPI

/// Another body, compressed while it is sent. Always made off the event loop.
struct GzipStream: BodyStream {
    /// Smaller bodies go out as they are, as from API servers.
    static let smallest = 128 * 1024
    /// Of the other body, at a time.
    private static let piece = 64 * 1024
    /// A chunk is sent when there is this much of it.
    private static let enough = 32 * 1024

    private var base: any BodyStream
    private let deflater = GzipDeflater()

    let isHeavy = true

    init(_ base: any BodyStream) {
        self.base = base
    }

    mutating func next(into out: inout ByteWriter) -> BodyProgress {
        while true {
            var plain = ByteWriter(reserving: Self.piece)
            let progress = base.next(into: &plain)
            // A body that breaks off in the middle is what the client must see as one.
            guard deflater.deflate(plain, last: progress == .finished, into: &out) else { return .failed }
            if progress != .more || out.count >= Self.enough { return progress }
        }
    }

    func end() { base.end() }
}

/// Bytes that are there already.
struct BytesStream: BodyStream {
    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var length: Int? { bytes.count }

    mutating func next(into out: inout ByteWriter) -> BodyProgress {
        let count = min(max(out.room, 1), bytes.count - at)
        bytes.withUnsafeBytes { out.append(UnsafeRawBufferPointer(rebasing: $0[at..<at + count])) }
        at += count
        return at == bytes.count ? .finished : .more
    }
}

extension APIResponse {
    /// Compressed, where the client takes that and the body is worth it.
    func compressed(for request: APIRequest) -> APIResponse {
        guard status == 200, ContentCoding.acceptsGzip(request.acceptEncoding) else { return self }
        let stream: any BodyStream
        switch body {
        case .bytes(let bytes): stream = BytesStream(bytes)
        case .stream(let other) where other.isEndless: return self
        case .stream(let other): stream = other
        }
        guard let size = stream.estimatedLength, size > GzipStream.smallest else { return self }
        var response = self
        response.body = .stream(GzipStream(stream))
        response.headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
        return response
    }
}
