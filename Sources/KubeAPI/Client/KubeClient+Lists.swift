// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1
import Synchronization

/// Which objects of a resource, and what of them.
struct ListQuery: Sendable {
    var resource: KubeResource
    var fieldSelector: String?
    var labelSelector: String?
    var options = KubeDecodingOptions()

    func path(_ parameters: [(String, String)]) -> String {
        var parameters = parameters
        if let fieldSelector { parameters.append(("fieldSelector", fieldSelector)) }
        if let labelSelector { parameters.append(("labelSelector", labelSelector)) }
        return resource.path + "?"
            + parameters.map { "\($0)=\(KubeRequest.escaped($1))" }.joined(separator: "&")
    }
}

extension KubeClient {
    /// Objects a page. As client-go's pager: large enough to be few requests, small enough for etcd and for us.
    static let pageSize = 500

    /// One page of a list, read from etcd: with `resourceVersion=0` the API server would leave the limit out of account
    /// and answer with everything at once.
    ///
    /// - Parameter continueToken: of the page before; empty for the first one.
    func listPage<Object: KubeObject>(
        _ query: ListQuery, continueToken: String
    ) async throws(KubeError) -> ListPage<Object> {
        var parameters = [("limit", "\(Self.pageSize)")]
        if !continueToken.isEmpty { parameters.append(("continue", continueToken)) }
        var request = KubeRequest(path: query.path(parameters))
        if Object.isMetadataOnly { request.accept += ";as=\(Object.listKind);g=meta.k8s.io;v=v1" }
        request.answerLimit = KubeLimits.listPage
        request.timeout = times.list
        let response = try await send(request)
        return try decoded(response, request) { (body) throws(KubeDecodingError) in
            try ListPage(body, options: query.options)
        }
    }

    /// Every object of a resource. Starts over once when the list's continue token expires on the way.
    public func listAll<Object: KubeObject>(
        _ resource: KubeResource, of type: Object.Type = Object.self, fieldSelector: String? = nil,
        labelSelector: String? = nil, options: KubeDecodingOptions = KubeDecodingOptions()
    ) async throws(KubeError) -> [Object] {
        let query = ListQuery(
            resource: resource, fieldSelector: fieldSelector, labelSelector: labelSelector, options: options)
        var hasStartedOver = false
        var objects: [Object] = []
        var token = ""
        repeat {
            do throws(KubeError) {
                let page: ListPage<Object> = try await listPage(query, continueToken: token)
                objects += page.objects
                token = page.continueToken
            } catch {
                guard error.code == .gone, !hasStartedOver, !token.isEmpty else { throw error }
                hasStartedOver = true
                (objects, token) = ([], "")
                continue
            }
        } while !token.isEmpty || (hasStartedOver && objects.isEmpty)
        return objects
    }

    /// Watches from a resourceVersion on. Returns when the server ends the watch, as it does after `timeoutSeconds`.
    ///
    /// - Parameters:
    ///   - silence: the longest silence: bookmarks come about every minute.
    ///   - opened: the server has agreed.
    ///   - receive: gets every event in order, on an event loop, where it must not block: the connection is not read
    ///     meanwhile, so that a server that is faster than we are waits. ``WatchEvent/failure(_:)`` is thrown instead.
    func watch<Object: KubeObject>(
        _ query: ListQuery, resourceVersion: String, timeoutSeconds: Int, silence: Duration,
        _ opened: @escaping @Sendable () -> Void, _ receive: @escaping @Sendable (WatchEvent<Object>) -> Void
    ) async throws(KubeError) {
        var request = KubeRequest(
            path: query.path([
                ("watch", "true"), ("resourceVersion", resourceVersion), ("allowWatchBookmarks", "true"),
                ("timeoutSeconds", "\(timeoutSeconds)"),
            ]))
        if Object.isMetadataOnly { request.accept += ";as=\(Object.kind);g=meta.k8s.io;v=v1" }
        // The server ends the watch itself; if it does not, it is not well.
        request.timeout = .seconds(timeoutSeconds + 30)
        request.answerLimit = .max
        // Only the connection's event loop uses it, and this function once that is done.
        let splitter = Mutex(FrameSplitter())
        let options = query.options
        let stream = Exchange.Stream(
            idle: TimeAmount(clamping: silence),
            opened: { (head: HTTPResponseHead) throws(KubeError) in
                let type = head.headers.first(name: "content-type") ?? ""
                guard KubeResponse.isProtobuf(type) else {
                    throw KubeError(
                        .badAnswer,
                        "the watch's answer is '\(APIStatus.printable(type))' and not protobuf; does "
                            + "something else than the API server answer there, such as a proxy?")
                }
                opened()
            },
            bytes: { (bytes: ByteBuffer) throws(KubeError) in
                splitter.withLock { $0.append(bytes) }
                while let frame = try splitter.withLock({ (splitter) throws(KubeError) in try splitter.next() }) {
                    let event: WatchEvent<Object>
                    do throws(KubeDecodingError) {
                        event = try WatchEvent(frame: frame.readableBytesSpan, options: options)
                    } catch {
                        throw KubeError(.badAnswer, "\(error)")
                    }
                    if case .failure(let error) = event { throw error }
                    receive(event)
                }
            })
        try await self.stream(request, stream)
        let unfinished = splitter.withLock { $0.unfinished }
        if unfinished > 0 {
            throw KubeError(
                .unreachable,
                "\(request.label(configuration.endpoint)): the watch ended \(unfinished) bytes into an event")
        }
    }
}
