// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Wire

@testable import Aggregator

@Suite("Agents that come back together, and the API server")
struct ReviewStormTests {
    /// Says of each token that it is bound to the node of that name, when the test lets it.
    private final class HeldReviewer: Reviewer {
        let running = Atomic(0)
        let most = Atomic(0)
        let asked = Atomic(0)
        let isOpen = Atomic(false)

        func review(token: String, audiences: [String]) async throws(KubeError) -> TokenReviewResult {
            asked.add(1, ordering: .relaxed)
            most.max(running.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
            while !isOpen.load(ordering: .relaxed) { try? await Task.sleep(for: .milliseconds(1)) }
            running.subtract(1, ordering: .relaxed)
            return TokenReviewResult(
                authenticated: true,
                user: KubeUser(name: "agents", extra: ["authentication.kubernetes.io/node-name": [token]]),
                audiences: audiences, error: "")
        }

        func review(access: SubjectAccess) async throws(KubeError) -> AccessDecision {
            throw KubeError(.notFound, "not asked for here")
        }

        func placement(ofPod name: String, namespace: String) async throws(KubeError) -> PodPlacement {
            throw KubeError(.notFound, "not asked for here")
        }
    }

    private final class CountedAnswers: Sendable {
        let count = Atomic(0)
    }

    private let reviewer = HeldReviewer()

    private func authenticator(waiting: Int) -> ClusterAgentAuthenticator {
        ClusterAgentAuthenticator(
            rules: .init(audience: "metrics-push", userName: "agents"), reviewer: reviewer, certificates: nil,
            gate: ReviewGate(atATime: 4, waiting: waiting),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func storm(_ nodes: Range<Int>, _ authenticator: ClusterAgentAuthenticator) -> [EventLoopFuture<
        AgentVerdict
    >] {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        return nodes.map {
            authenticator.authenticate(AgentClaim(nodeName: "n\($0)", credential: "n\($0)", client: nil), on: loop)
        }
    }

    @Test("four tokens are reviewed at a time however many agents come, all get in, and nobody is asked about again")
    func bounded() async throws {
        let authenticator = authenticator(waiting: 1_000)
        let first = storm(0..<500, authenticator)
        #expect(try await eventually { reviewer.running.value == 4 })
        // The same agents lost patience, and are back before their first question was answered.
        let second = storm(0..<500, authenticator)
        #expect(reviewer.asked.value == 4)
        reviewer.isOpen.store(true, ordering: .relaxed)
        for verdict in first + second { #expect(try await verdict.get() == .accepted()) }
        #expect(reviewer.most.value == 4 && reviewer.asked.value == 500)
        for verdict in storm(0..<500, authenticator) { #expect(try await verdict.get() == .accepted()) }
        #expect(reviewer.asked.value == 500)
    }

    @Test("more than may wait are to come again soon, not to wait for a person")
    func crowded() async throws {
        let authenticator = authenticator(waiting: 10)
        let verdicts = storm(0..<30, authenticator)
        let answered = CountedAnswers()
        for verdict in verdicts { verdict.whenSuccess { _ in answered.count.add(1, ordering: .relaxed) } }
        // Four are reviewed and ten wait.
        #expect(try await eventually { answered.count.value == 16 })
        reviewer.isOpen.store(true, ordering: .relaxed)
        var accepted = 0
        for verdict in verdicts {
            switch try await verdict.get() {
            case .accepted: accepted += 1
            case .refused(let reject): #expect(reject.code == .overloaded)
            }
        }
        #expect(accepted == 14)
        #expect(reviewer.most.value == 4)
    }
}
