// SPDX-License-Identifier: Apache-2.0
import Formats
import TLS
import Testing

@testable import NodeAgent

@Suite struct AgentPageTests {
    /// Each is of the last pass.
    private static let gauges = [
        "last_sweep_duration_seconds", "last_sweep_age_seconds", "containers{role=\"app\"}",
        "containers{role=\"sandbox\"}", "containers{role=\"pending\"}", "containers_by_name{named=\"true\"}",
        "containers_by_name{named=\"false\"}", "kubepods_found", "names_problem",
    ].map { AgentPage.prefix + $0 }

    private static func page(_ sampler: SamplerFigures) throws -> PrometheusPage {
        var text = PrometheusText(.prometheus)
        AgentPage(sampler: sampler, pushes: [], process: .read()).write(to: &text)
        return try PrometheusPage(text.text)
    }

    @Test("before the first pass over a node nothing is said of the last one")
    func before() throws {
        let page = try Self.page(SamplerFigures())
        for name in Self.gauges { #expect(page[name] == nil, "\(name)") }
        #expect(page["metrics_push_agent_sweeps_total"] == 0 && page["metrics_push_agent_containers_gone_total"] == 0)
    }

    @Test("a pass that found no container says so")
    func empty() throws {
        var sampler = SamplerFigures()
        sampler.lastSweep = .after(.zero)
        sampler.isKubepodsFound = false
        let page = try Self.page(sampler)
        for name in Self.gauges { #expect(page[name] != nil, "\(name)") }
        #expect(page["metrics_push_agent_containers{role=\"app\"}"] == 0)
        #expect(page["metrics_push_agent_kubepods_found"] == 0)
    }
}
