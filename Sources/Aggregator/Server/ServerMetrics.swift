// SPDX-License-Identifier: Apache-2.0
import Console
import Formats
import Synchronization

/// What the API side counts, and what it takes on by these counts.
final class ServerMetrics: Sendable {
    let freshness = FreshnessHistogram()
    let admission: Admission
    private let responses = Mutex<[Int: Int]>([:])

    init(limits: Admission.Limits = Admission.Limits()) {
        admission = Admission(limits)
    }

    func responded(status: Int) {
        responses.withLock { $0[status, default: 0] += 1 }
    }

    var responsesByStatus: [(status: Int, count: Int)] {
        responses.withLock { $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }
}

/// The page at /metrics.
struct MetricsPage: Sendable {
    let ingest: IngestMetrics
    let server: ServerMetrics
    let store: SampleStore
    /// nil: nothing can be watched.
    var watches: WatchMetrics?
    /// nil: there is no front proxy to refuse.
    var refusedProxies: RefusedProxies?
    /// nil: there is no API server to ask for names.
    var naming: NamingMetrics?

    func render() -> String {
        var text = PrometheusText()
        text.family("metrics_push_build_info", .gauge, help: "The version of this aggregator.")
        text.sample("metrics_push_build_info", labels: [("version", Version.text)], 1)
        writeIngest(to: &text)
        writeStore(to: &text)
        text.family("metrics_push_api_responses_total", .counter, help: "Answers of the API port by HTTP status.")
        for (status, count) in server.responsesByStatus {
            text.sample("metrics_push_api_responses_total", labels: [("code", "\(status)")], count)
        }
        writeAdmission(to: &text)
        if let refusedProxies {
            text.family(
                "metrics_push_front_proxy_refused_total", .counter,
                help: "Requests on another's behalf from somebody who is no front proxy, by reason.")
            for (reason, count) in refusedProxies.counts {
                text.sample("metrics_push_front_proxy_refused_total", labels: [("reason", reason)], count)
            }
        }
        watches?.write(to: &text)
        naming?.write(to: &text)
        server.freshness.write(
            as: "metrics_push_api_metric_freshness_seconds", help: "Age of each figure when it was served.", to: &text)
        return text.text
    }

    private func writeAdmission(to text: inout PrometheusText) {
        text.family("metrics_push_api_requests_in_flight", .gauge, help: "Requests at work or being answered, by kind.")
        for (work, count) in server.admission.held {
            text.sample("metrics_push_api_requests_in_flight", labels: [("kind", work.rawValue)], count)
        }
        text.family(
            "metrics_push_api_requests_refused_total", .counter,
            help: "Requests refused with 429 because there were too many of their kind.")
        for (work, count) in server.admission.refused {
            text.sample("metrics_push_api_requests_refused_total", labels: [("kind", work.rawValue)], count)
        }
    }

    private func writeIngest(to text: inout PrometheusText) {
        text.single(
            "metrics_push_sessions", .gauge, help: "Agents connected now.",
            ingest.sessionsOpen.load(ordering: .relaxed))
        text.single(
            "metrics_push_sessions_accepted_total", .counter, help: "Agent sessions accepted.",
            ingest.sessionsAccepted.load(ordering: .relaxed))
        text.family(
            "metrics_push_sessions_refused_total", .counter, help: "Agent connections refused or cut, by reason.")
        for (reason, count) in ingest.refused {
            text.sample("metrics_push_sessions_refused_total", labels: [("reason", reason)], count)
        }
        text.single(
            "metrics_push_frames_received_total", .counter, help: "Frames received from agents.",
            ingest.framesReceived.load(ordering: .relaxed))
        text.single(
            "metrics_push_received_bytes_total", .counter, help: "Bytes of frames received from agents, before TLS.",
            ingest.bytesReceived.load(ordering: .relaxed))
        text.single(
            "metrics_push_samples_received_total", .counter, help: "Container samples received from agents.",
            ingest.samplesReceived.load(ordering: .relaxed))
        text.single(
            "metrics_push_ingest_rests_total", .counter,
            help: "Times that an event loop let samples come together before it took them.",
            ingest.rests.load(ordering: .relaxed))
        text.single(
            "metrics_push_resyncs_requested_total", .counter, help: "Times an agent was asked for a complete frame.",
            ingest.resyncsRequested.load(ordering: .relaxed))
        text.single(
            "metrics_push_clock_corrections_total", .counter,
            help: "Times a node's clock was found off, or back in agreement.",
            ingest.clockCorrections.load(ordering: .relaxed))
        text.single(
            "metrics_push_pod_claims_refused_total", .counter,
            help: "Pods that a node reported and that are another's.",
            ingest.podClaimsRefused.load(ordering: .relaxed))
    }

    private func writeStore(to text: inout PrometheusText) {
        let records = store.records
        let now = ContinuousClock.now
        text.family("metrics_push_nodes", .gauge, help: "Nodes known, by whether their samples are fresh.")
        let fresh = records.count { $0.whileFresh(store.configuration, now: now) { _ in true } == true }
        text.sample("metrics_push_nodes", labels: [("state", "fresh")], fresh)
        text.sample("metrics_push_nodes", labels: [("state", "stale")], records.count - fresh)
        text.single(
            "metrics_push_containers", .gauge, help: "Containers that agents report now.",
            records.reduce(0) { $0 + $1.containerCount })
        text.single(
            "metrics_push_containers_without_name", .gauge,
            help:
                "Containers that have no name, and so are not served; sandboxes that agents take for containers are among them.",
            records.reduce(0) { $0 + $1.namelessCount })
    }
}
