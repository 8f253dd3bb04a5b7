// SPDX-License-Identifier: Apache-2.0
import Testing

/// Everything that the API served of the pods during a test, to be judged afterwards.
struct ServedRates {
    private(set) var figures: [ServedFigure] = []
    /// Answers, with or without pods in them.
    private(set) var answers = 0

    /// Asks once; an aggregator that is down at the moment is no answer.
    @discardableResult
    mutating func ask(_ client: APIClient) -> [ServedFigure]? {
        guard let served = try? client.pods() else { return nil }
        answers += 1
        figures += served
        return served
    }

    /// Expects that time never goes backwards for anything served.
    func expectForwardTime() {
        var newest: [String: ServedFigure] = [:]
        for figure in figures {
            if let last = newest[figure.name] {
                #expect(figure.timestampSeconds >= last.timestampSeconds, "\(last), then \(figure)")
            }
            newest[figure.name] = figure
        }
    }

    /// Expects that each of these figures is a rate that the kernel's counter had over the figure's own window.
    /// - Returns: how many could be judged: the record may not reach as far back as a window.
    @discardableResult
    func expectRates(_ history: KernelHistory, where isJudged: (ServedFigure) -> Bool) -> Int {
        // The counter may be read this long before or after its stamp when the machine is busy.
        let slack: Int64 = 50_000_000
        var judged = 0
        var last: ServedFigure?
        for figure in figures where isJudged(figure) {
            if let last, figure.isSameSample(as: last) { continue }
            last = figure
            guard let bounds = history.rateBounds(of: figure, slack: slack) else { continue }
            judged += 1
            #expect(bounds.contains(Double(figure.cpuNanocores)), "\(figure), the kernel's counter allows \(bounds)")
        }
        return judged
    }
}
