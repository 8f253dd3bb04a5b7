// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Keeps a sink's copy of a collection of objects up to date. `run` does it, once, until its task is cancelled.
public final class Reflector<Object: KubeObject>: Sendable {
    private struct State {
        var machine: ReflectorStateMachine
        var hasSynced = false
        /// What the sink was told last; nil: nothing yet.
        var isConnected: Bool?
    }

    private let client: KubeClient
    private let query: ListQuery
    private let sink: any ReflectorSink<Object>
    private let timing: ReflectorTiming
    private let state: Mutex<State>

    /// - Parameters:
    ///   - fieldSelector: such as `status.phase=Running` or `metadata.name=NAME`.
    ///   - options: what to keep of each object.
    public convenience init(
        client: KubeClient, resource: KubeResource, fieldSelector: String? = nil, labelSelector: String? = nil,
        options: KubeDecodingOptions = KubeDecodingOptions(), sink: any ReflectorSink<Object>
    ) {
        self.init(
            client: client,
            query: ListQuery(
                resource: resource, fieldSelector: fieldSelector, labelSelector: labelSelector, options: options),
            sink: sink, timing: ReflectorTiming())
    }

    init(client: KubeClient, query: ListQuery, sink: any ReflectorSink<Object>, timing: ReflectorTiming) {
        self.client = client
        self.query = query
        self.sink = sink
        self.timing = timing
        state = Mutex(State(machine: ReflectorStateMachine(backoff: timing.backoff)))
    }

    /// A complete list has been reported.
    public var hasSynced: Bool { state.withLock { $0.hasSynced } }

    public func run() async {
        var objects: [Object] = []
        var action = state.withLock { $0.machine.start() }
        while !Task.isCancelled {
            switch action {
            case .list(let token):
                if token.isEmpty { objects = [] }
                action = await list(token, into: &objects)
            case .watch(let version): action = await watch(from: version)
            case .wait(let duration):
                do { try await timing.sleep(duration) } catch { break }
                action = state.withLock { $0.machine.waited() }
            case .stop: return
            }
        }
        state.withLock { $0.machine.stop() }
    }

    private func list(_ token: String, into objects: inout [Object]) async -> ReflectorStateMachine.Action {
        let page: ListPage<Object>
        do throws(KubeError) {
            page = try await client.listPage(query, continueToken: token)
        } catch {
            objects = []
            if Task.isCancelled { return .stop }
            // An expired token is the way of long lists, and no trouble.
            let action = state.withLock { $0.machine.listFailed(error, random: timing.random()) }
            if case .wait = action { report(error) }
            return action
        }
        objects += page.objects
        let action = state.withLock {
            $0.machine.listed(resourceVersion: page.resourceVersion, continueToken: page.continueToken)
        }
        if case .watch = action {
            sink.replace(with: objects)
            objects = []
            state.withLock { $0.hasSynced = true }
            reportConnected()
        }
        return action
    }

    private func watch(from version: String) async -> ReflectorStateMachine.Action {
        let seconds = timing.watchSeconds
        let spread = Double(seconds.upperBound - seconds.lowerBound) * timing.random()
        let start = ContinuousClock.now
        var failure: KubeError?
        do throws(KubeError) {
            try await client.watch(
                query, resourceVersion: version, timeoutSeconds: seconds.lowerBound + Int(spread),
                silence: timing.silence, { self.reportConnected() }, { (event: WatchEvent<Object>) in self.take(event) }
            )
        } catch {
            failure = error
        }
        if Task.isCancelled { return .stop }
        let lasted = ContinuousClock.now - start
        let action = state.withLock {
            $0.machine.watchEnded(failure, lasted: lasted, random: timing.random())
        }
        // What is resumed or listed again at once has missed nothing yet.
        if case .wait = action, let failure { report(failure) }
        return action
    }

    /// On the watch's event loop.
    private func take(_ event: WatchEvent<Object>) {
        switch event {
        case .change(let change, let version):
            sink.apply(change)
            state.withLock { $0.machine.advanced(to: version) }
        case .bookmark(let version): state.withLock { $0.machine.advanced(to: version) }
        case .failure: break
        }
    }

    private func report(_ error: KubeError) {
        let isNews = state.withLock { state in
            defer { state.isConnected = false }
            return state.isConnected != false
        }
        if isNews { sink.disconnected(error) }
    }

    private func reportConnected() {
        let isNews = state.withLock { state in
            // Before the first list is reported there is no copy.
            guard state.hasSynced else { return false }
            defer { state.isConnected = true }
            return state.isConnected != true
        }
        if isNews { sink.synced() }
    }
}
