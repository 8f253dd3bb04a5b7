// SPDX-License-Identifier: Apache-2.0
import Formats

/// A family of figures that each of several subjects has: an address, a container.
struct MetricFamily<Subject> {
    typealias Sample = (labels: [(String, String)], value: String)

    let name: String
    let kind: PrometheusText.Kind
    let help: String
    /// Labels beyond the subject's own, and the value. Empty: the subject has no such figure.
    let samples: (Subject) -> [Sample]

    init(
        _ name: String, _ kind: PrometheusText.Kind, _ help: String, samples: @escaping (Subject) -> [Sample]
    ) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }

    init<Value: CustomStringConvertible>(
        _ name: String, _ kind: PrometheusText.Kind, _ help: String, _ value: @escaping (Subject) -> Value?
    ) {
        self.init(name, kind, help) { subject in value(subject).map { [([], "\($0)")] } ?? [] }
    }

    func write(_ subjects: [(labels: PrometheusText.Labels, subject: Subject)], to text: inout PrometheusText) {
        text.family(name, kind, help: help)
        for (labels, subject) in subjects {
            for sample in samples(subject) {
                text.sample(name, prepared: labels.adding(sample.labels), sample.value)
            }
        }
    }
}
