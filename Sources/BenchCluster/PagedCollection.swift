// SPDX-License-Identifier: Apache-2.0
import KubeTestSupport
import Synchronization

/// A collection that is listed in pages and watched from a version on, as by the API server: what has changed since is
/// told first, bookmarks come every minute, and a watch ends when the client has asked for.
final class PagedCollection: Sendable {
    private struct Change {
        let version: Int
        let type: String
        let object: [UInt8]
    }

    private struct State {
        var version = PagedCollection.firstVersion
        var changes: [Change] = []
        /// The version of the last change that is no longer known.
        var forgotten = PagedCollection.firstVersion
        var watches: [ObjectIdentifier: FakeStream] = [:]
    }

    private static let firstVersion = 1_000
    /// Changes that are kept for watches that resume; some minutes of churn.
    private static let mostChanges = 20_000
    private static let bookmarkSeconds = 60

    private let kind: String?
    private let count: Int
    private let object: @Sendable (Int) -> KubeProto
    private let state = Mutex(State())

    /// - Parameters:
    ///   - kind: of its objects; nil: they are nothing but their metadata.
    ///   - object: by its index, anew for each list.
    init(
        _ server: FakeAPIServer, path: String, kind: String? = nil, count: Int,
        object: @escaping @Sendable (Int) -> KubeProto
    ) {
        self.kind = kind
        self.count = count
        self.object = object
        server.on("GET \(path)") { [self] in $0.query["watch"] == "true" ? watch($0) : page($0) }
    }

    // MARK: Lists

    private func page(_ request: FakeAPIServer.Request) -> FakeAPIServer.Reply {
        var (version, first) = (state.withLock { $0.version }, 0)
        if let token = request.query["continue"] {
            // All pages of a list are of one version: what changes meanwhile is told by the watch.
            let parts = token.split(separator: ".").compactMap { Int($0) }
            guard parts.count == 2, (0..<count).contains(parts[1]) else {
                return .status(410, "Expired", "the continue token is not one of ours")
            }
            (version, first) = (parts[0], parts[1])
        }
        let limit = request.query["limit"].flatMap { Int($0) } ?? count
        let end = min(count, first + max(1, limit))
        let next = end < count ? "\(version).\(end)" : ""
        // Each by itself: a whole list is put together in steps of its length.
        var list = KubeProto().message(
            1, KubeProto().text(1, "").text(2, "\(version)").text(3, next))
        for index in first..<end {
            let object = object(index)
            list.bytes += KubeProto().message(2, kind == nil ? KubeProto().message(1, object) : object).bytes
        }
        return .protobuf(
            kind.map { KubeProto.envelope("v1", "\($0)List", list) }
                ?? KubeProto.envelope("meta.k8s.io/v1", "PartialObjectMetadataList", list))
    }

    // MARK: Watches

    private func watch(_ request: FakeAPIServer.Request) -> FakeAPIServer.Reply {
        let since = request.query["resourceVersion"].flatMap { Int($0) } ?? 0
        guard since >= state.withLock({ $0.forgotten }) else {
            return .status(410, "Expired", "too old resource version: \(since)")
        }
        let seconds = request.query["timeoutSeconds"].flatMap { Int($0) } ?? 1_800
        return .stream(contentType: KubeProto.mediaType + ";stream=watch") { [self] stream in
            state.withLock { state in
                for change in state.changes where change.version > since { stream.send(change.type, change.object) }
                state.watches[ObjectIdentifier(stream)] = stream
            }
            Task { await self.look(after: stream, for: seconds) }
        }
    }

    private func look(after stream: FakeStream, for seconds: Int) async {
        let end = ContinuousClock.now + .seconds(seconds)
        while stream.isOpen {
            let left = end - .now
            guard left > .zero, (try? await Task.sleep(for: min(left, .seconds(Self.bookmarkSeconds)))) != nil else {
                break
            }
            state.withLock { state in
                let metadata = KubeProto().text(6, "\(state.version)")
                stream.send("BOOKMARK", envelope(kind == nil ? metadata : KubeProto().message(1, metadata)))
            }
        }
        state.withLock { _ = $0.watches.removeValue(forKey: ObjectIdentifier(stream)) }
        stream.end()
    }

    /// Tells all watches, those to come included.
    /// - Parameter object: by its new version.
    func tell(_ type: String, _ object: (Int) -> KubeProto) {
        state.withLock { state in
            state.version += 1
            let change = Change(version: state.version, type: type, object: envelope(object(state.version)))
            state.changes.append(change)
            if state.changes.count > Self.mostChanges {
                state.forgotten = state.changes[Self.mostChanges / 2 - 1].version
                state.changes.removeFirst(Self.mostChanges / 2)
            }
            for stream in state.watches.values { stream.send(type, change.object) }
        }
    }

    private func envelope(_ object: KubeProto) -> [UInt8] {
        kind.map { KubeProto.envelope("v1", $0, object) } ?? KubeProto.partial(object)
    }
}
