// SPDX-License-Identifier: Apache-2.0
import Console
import Formats
import MetricsAPI
import Synchronization
import TLSTestSupport
import Testing
import Wire

@testable import Aggregator

@Suite("The page at /metrics")
struct MetricsPageTests {
    let ingest = IngestMetrics()
    let server = ServerMetrics()
    let store = SampleStore()

    private var page: MetricsPage { MetricsPage(ingest: ingest, server: server, store: store) }

    @Test("an aggregator without any agent has every family, and no number but zero and its version")
    func empty() throws {
        let page = try PrometheusPage(page.render())
        #expect(page["metrics_push_build_info{version=\"\(Version.text)\"}"] == 1)
        #expect(page["metrics_push_sessions"] == 0)
        #expect(page["metrics_push_containers"] == 0)
        #expect(page["metrics_push_pod_claims_refused_total"] == 0)
        #expect(page["metrics_push_api_metric_freshness_seconds_count"] == 0)
        #expect(page[#"metrics_push_api_requests_in_flight{kind="watch"}"#] == 0)
        #expect(page[#"metrics_push_api_requests_refused_total{kind="large_list"}"#] == 0)
        #expect(page.types.count == 18)
    }

    @Test("every reason of a refusal is there from the start, so that a rate of it can be asked for")
    func refusals() throws {
        ingest.refused(.wrongNode)
        ingest.refused(.wrongNode)
        for code in RejectCode.allCases { ingest.refused(IngestMetrics.Refusal(code)) }
        let page = try PrometheusPage(page.render())
        let expected = [
            "protocol": 2.0, "unauthenticated": 1, "wrong_node": 3, "duplicate_node": 1, "overloaded": 1,
            "shutting_down": 1, "malformed_frame": 0, "tls": 0, "silent": 0,
            "rate": 0, "session_rate": 0, "too_many_connections": 0, "handshake_queue": 0,
        ]
        #expect(expected.count == IngestMetrics.Refusal.allCases.count)
        for (reason, count) in expected {
            #expect(page["metrics_push_sessions_refused_total{reason=\"\(reason)\"}"] == count, "\(reason)")
        }
    }

    @Test("counters and nodes show what happened")
    func counters() throws {
        ingest.sessionsOpen.add(3, ordering: .relaxed)
        ingest.sessionsAccepted.add(5, ordering: .relaxed)
        ingest.bytesReceived.add(1_000, ordering: .relaxed)
        ingest.framesReceived.add(10, ordering: .relaxed)
        ingest.samplesReceived.add(70, ordering: .relaxed)
        ingest.resyncsRequested.add(2, ordering: .relaxed)
        ingest.clockCorrections.add(1, ordering: .relaxed)
        ingest.rests.add(4, ordering: .relaxed)
        server.responded(status: 200)
        server.responded(status: 404)
        server.responded(status: 200)
        let now = ContinuousClock.now
        for (name, time) in [("fresh", now), ("old", now - .seconds(60))] {
            var node = SimulatedNode()
            let batch = try node.batch(at: 100) {
                $0.container(0, .app(uid: name), at: 100, cpuSeconds: 1, memoryKiB: 1)
                $0.container(1, .app("b", uid: name, id: "c2"), at: 100, cpuSeconds: 1, memoryKiB: 1)
            }
            let session = store.open(node: name, facts: SampleStoreTests.facts(), now: time)
            _ = session.apply(batch, now: time, unixMicroseconds: 0)
        }
        let page = try PrometheusPage(page.render())
        let expected: [String: Double] = [
            "metrics_push_sessions": 3, "metrics_push_sessions_accepted_total": 5,
            "metrics_push_received_bytes_total": 1_000, "metrics_push_frames_received_total": 10,
            "metrics_push_samples_received_total": 70, "metrics_push_resyncs_requested_total": 2,
            "metrics_push_ingest_rests_total": 4, "metrics_push_clock_corrections_total": 1,
            "metrics_push_nodes{state=\"fresh\"}": 1,
            "metrics_push_nodes{state=\"stale\"}": 1, "metrics_push_containers": 4,
            "metrics_push_api_responses_total{code=\"200\"}": 2, "metrics_push_api_responses_total{code=\"404\"}": 1,
        ]
        for (name, value) in expected { #expect(page[name] == value, "\(name)") }
    }

    @Test("an age on a bound counts below it; the oldest have a bucket of their own")
    func histogram() throws {
        let histogram = FreshnessHistogram()
        let now: Int64 = 1_700_000_000_000_000_000
        var served = FiguresList(.nodes)
        for age: Int64 in [500_000_000, 500_000_001, 61_000_000_000, -1_000, 10_000_000_000] {
            served.append(.test(atUnixNanoseconds: now - age))
        }
        histogram.observe(served, nowUnixNanoseconds: now)
        var text = PrometheusText()
        histogram.write(as: "age", help: "Age.", to: &text)
        let page = try PrometheusPage(text.text)
        #expect(page[#"age_bucket{le="0.5"}"#] == 2)
        #expect(page[#"age_bucket{le="1.0"}"#] == 3)
        #expect(page[#"age_bucket{le="8.0"}"#] == 3)
        #expect(page[#"age_bucket{le="10.0"}"#] == 4)
        #expect(page[#"age_bucket{le="60.0"}"#] == 4)
        #expect(page[#"age_bucket{le="+Inf"}"#] == 5)
        #expect(page["age_count"] == 5)
        #expect(abs(try #require(page["age_sum"]) - 72.0) < 0.001)
    }
}
