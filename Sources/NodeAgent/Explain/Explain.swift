// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console
import TLS

/// `agent --explain TARGET`: reads the node twice through the sampler that pushes, and prints how it came to the figures
/// of one pod or container, or why there are none.
enum Explain {
    /// The sampler names a container by elimination when it has waited for its link for so long, and a sweep more.
    static let patience: Duration = .nanoseconds(Int64(NodeSampler.patience)) + .seconds(1)
    /// More than anybody reads.
    static let mostCandidates = 20

    struct Answer {
        let text: String
        /// It is there, and could be read.
        let isFound: Bool
    }

    /// Prints the answer.
    /// - Returns: whether what was asked about is there.
    static func run(_ target: String, _ options: AgentOptions) throws -> Bool {
        let answer = answer(target, roots: options.roots, pause: Dump.pause, patience: patience) {
            StandardError.write(
                "agent: not all is known yet; looking for up to \(DurationFlag.format(patience)) more\n")
        }
        StandardOutput.write(answer.text)
        return answer.isFound
    }

    /// - Parameters:
    ///   - pause: between two sweeps.
    ///   - patience: for a container of the target that is still without a name.
    ///   - willWait: called once if that patience is needed.
    static func answer(
        _ typed: String, roots: NodeRoots, pause: Duration, patience: Duration, willWait: () -> Void = {}
    ) -> Answer {
        let trace = SamplerTrace()
        var text = ExplainText()
        do {
            let sampler = try NodeSampler(roots: roots, trace: trace)
            let target = ExplainTarget(typed)
            _ = try sampler.sweep()
            var facts = try look(sampler, roots, after: pause)
            let deadline = Deadline.after(patience)
            var isWaiting = false
            while !deadline.hasPassed, waits(target.matches(in: facts), in: facts) {
                if !isWaiting { willWait() }
                isWaiting = true
                facts = try look(sampler, roots, after: pause)
            }
            ExplainNode.write(facts, trace, &text)
            let isFound = explain(target, facts, trace, &text)
            return Answer(text: text.text, isFound: isFound)
        } catch {
            ExplainNode.writeTree(trace, &text)
            text.heading("Nothing can be said of \(typed)")
            text.row("because", "\(error)")
            return Answer(text: text.text, isFound: false)
        }
    }

    /// Another sweep, and what came of it since the one before.
    private static func look(
        _ sampler: NodeSampler, _ roots: NodeRoots, after pause: Duration
    ) throws(CgroupError) -> ExplainFacts {
        let before = (slots: sampler.slots, pods: sampler.readPods())
        Dump.sleep(until: .after(pause))
        _ = try sampler.sweep()
        return ExplainFacts(sampler, roots: roots, before: before)
    }

    private static func explain(
        _ target: ExplainTarget, _ facts: ExplainFacts, _ trace: SamplerTrace, _ text: inout ExplainText
    ) -> Bool {
        let matches = target.matches(in: facts)
        switch matches.first {
        case .none:
            return ExplainAbsence.write(target, facts, trace, &text)
        case .some where matches.count > 1:
            text.heading("\(target.text) can be one of \(matches.count)")
            for match in matches.prefix(mostCandidates) {
                switch match {
                case .pod(let index):
                    let pod = facts.pods[index]
                    text.row("pod", "\(pod.title), uid \(pod.uid)")
                case .container(let index, let place):
                    let (pod, container) = (facts.pods[index], facts.pods[index].containers[place])
                    text.row(
                        "container",
                        "\(pod.title)/\(ExplainContainer.title(container)), id \(container.record.identity.containerID)"
                    )
                }
            }
            text.row("next", "name one of them by its uid or id")
            return false
        case .some(.pod(let index)):
            ExplainPod.write(facts.pods[index], facts, trace, &text)
            for container in facts.pods[index].containers { ExplainContainer.write(container, facts, trace, &text) }
        case .some(.container(let index, let place)):
            ExplainPod.write(facts.pods[index], facts, trace, &text)
            ExplainContainer.write(facts.pods[index].containers[place], facts, trace, &text)
        }
        return true
    }

    /// Whether the sampler may still find out more of what was asked about.
    private static func waits(_ matches: [ExplainTarget.Match], in facts: ExplainFacts) -> Bool {
        matches.contains { match in
            switch match {
            case .pod(let index), .container(let index, _): facts.pods[index].containers.contains(where: \.isUnsettled)
            }
        }
    }
}
