// SPDX-License-Identifier: Apache-2.0
import Formats
import Synchronization

/// What watches count.
final class WatchMetrics: Sendable {
    /// Shown among the requests in flight.
    let open = Atomic<Int>(0)
    let started = Atomic<Int>(0)
    let droppedSlow = Atomic<Int>(0)
    let refused = Atomic<Int>(0)

    func write(to text: inout PrometheusText) {
        text.single(
            "metrics_push_watches_started_total", .counter, help: "Watches begun.", started.load(ordering: .relaxed))
        text.single(
            "metrics_push_watches_dropped_total", .counter, help: "Watches cut off because their client was too slow.",
            droppedSlow.load(ordering: .relaxed))
        text.single(
            "metrics_push_watches_refused_total", .counter,
            help: "Watches refused because too many objects are watched.",
            refused.load(ordering: .relaxed))
    }
}
