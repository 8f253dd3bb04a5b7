// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import NIOPosix
import Synchronization

/// A large list on its way: keeps its figures for others, and its place.
struct LargeListStream: BodyStream {
    /// Figures of a whole cluster take milliseconds to free, so they are held here alone, and not by the copies of the
    /// stream that end on an event loop.
    private final class Content: Sendable {
        private let parts: Mutex<(stream: any BodyStream, snapshot: SharedLists.Snapshot)?>

        init(_ stream: any BodyStream, _ snapshot: SharedLists.Snapshot) {
            parts = Mutex((stream, snapshot))
        }

        func next(into out: inout ByteWriter) -> BodyProgress {
            parts.withLock { $0?.stream.next(into: &out) ?? .failed }
        }

        func free() {
            let parts = parts.withLock { $0.take() }
            guard let parts else { return }
            parts.stream.end()
            HeavyWork.largeLists.add(1, ordering: .relaxed)
        }
    }

    private let content: Content
    private let place: Admission.Place
    let length: Int?
    let estimatedLength: Int?
    let isHeavy: Bool
    let chunkBytes: Int

    init(_ stream: any BodyStream, _ snapshot: SharedLists.Snapshot, _ place: Admission.Place) {
        self.content = Content(stream, snapshot)
        self.place = place
        self.length = stream.length
        self.estimatedLength = stream.estimatedLength
        self.isHeavy = stream.isHeavy
        self.chunkBytes = stream.chunkBytes
    }

    mutating func next(into out: inout ByteWriter) -> BodyProgress { content.next(into: &out) }

    func end() {
        place.release()
        HeavyWork.pool.submit { [content] _ in content.free() }
    }
}
