// SPDX-License-Identifier: Apache-2.0
import TLSTestSupport
import Testing

@testable import Bench

@Suite("The bench's questions")
struct DeploymentTests {
    @Test("ask for a deployment by its label, for all of a namespace, and for all by a label")
    func paths() throws {
        let directory = TemporaryDirectory()
        _ = directory.write("deployments", Array("team-1 app=app-2 tier=backend\nteam-3 app=app-4 tier=backend\n".utf8))
        let all = try Deployment.all(in: directory.path)
        #expect(
            all.map(\.path) == [
                "namespaces/team-1/pods?labelSelector=app%3Dapp-2", "namespaces/team-3/pods?labelSelector=app%3Dapp-4",
            ])
        #expect(all[0].namespacePath == "namespaces/team-1/pods")
        #expect(all[0].commonPath == "namespaces/team-1/pods?labelSelector=tier%3Dbackend")
    }

    @Test("count the latency of a question that nobody sends, too")
    func percentiles() {
        var outcome = QueryLoad.Outcome()
        outcome.latencies = Array((1...200).reversed())
        #expect(outcome.percentile(50) == 100 && outcome.percentile(99) == 198 && outcome.percentile(100) == 200)
        #expect(QueryLoad.Outcome().percentile(99) == 0)
    }
}
