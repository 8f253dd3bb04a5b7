// SPDX-License-Identifier: Apache-2.0
import Console
import Formats
import TLS

/// What the agent tells of itself over HTTP: which path has which answer.
struct AgentEndpoint: Sendable {
    let board: SamplerBoard
    let pushes: PushRegistry
    /// nil: containers are not told of.
    let details: DetailCollector?
    var times = EndpointTimes()

    /// - Parameter isLastMoment: an answer with what there is, now.
    /// - Returns: nil: ask again when the collector has raised its signal.
    func answer(_ request: RequestHead, isLastMoment: Bool) -> Answer? {
        switch request.path {
        case "/livez":
            board.problem.map { Answer(.unavailable, $0) } ?? Answer(.ok, "ok")
        case "/metrics":
            metrics(request, isLastMoment)
        default:
            Answer(.notFound, "there is nothing here but /livez and /metrics")
        }
    }

    private func metrics(_ request: RequestHead, _ isLastMoment: Bool) -> Answer? {
        let report = details?.report(freshness: times.freshness)
        if details != nil, report == nil, !isLastMoment { return nil }
        let dialect = PrometheusText.Dialect(accept: request.accept)
        var text = PrometheusText(dialect)
        AgentPage(sampler: board.now, pushes: pushes.now, process: .read()).write(to: &text)
        if details != nil {
            // The agent's own figures are needed most when the sampling thread does not answer.
            text.single(
                "metrics_push_agent_detail_up", .gauge, help: "1: the containers were read in time for this answer.",
                report == nil ? 0 : 1)
        }
        if let report { DetailPage(report: report).write(to: &text) }
        return Answer(page: text.text, contentType: dialect.contentType)
    }
}
