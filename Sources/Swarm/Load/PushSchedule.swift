// SPDX-License-Identifier: Apache-2.0

/// Which node sweeps when: each once an interval, at a phase of its own, as agents that were started at any time.
struct PushSchedule {
    /// ns.
    let interval: Int64
    /// When the first cycle begins, ns on CLOCK_MONOTONIC.
    let start: Int64
    /// In the order of their phases.
    private let nodes: [Int32]
    private let phases: [Int64]
    private var cycle: Int64 = 0
    private var position = 0

    struct Turn: Equatable {
        let node: Int
        let due: Int64
    }

    init(nodes count: Int, interval: Int64, start: Int64, seed: UInt64) {
        self.interval = interval
        self.start = start
        var random = Generator(seed: seed)
        let drawn = (0..<count).map { (node: Int32($0), phase: Int64.random(in: 0..<interval, using: &random)) }
            .sorted { ($0.phase, $0.node) < ($1.phase, $1.node) }
        nodes = drawn.map(\.node)
        phases = drawn.map(\.phase)
    }

    /// When somebody's turn comes next.
    var nextDue: Int64? { phases.isEmpty ? nil : start + cycle * interval + phases[position] }

    /// The next turn that is due; nil: none is. Turns that are overdue by an interval are left out, as an agent leaves
    /// them out: the next one is there already.
    mutating func next(now: Int64) -> Turn? {
        while let due = nextDue, due <= now {
            let node = Int(nodes[position])
            position += 1
            if position == phases.count {
                position = 0
                cycle += 1
            }
            if now - due < interval { return Turn(node: node, due: due) }
        }
        return nil
    }

    /// How many turns were due by then, taken or not.
    func dueCount(by now: Int64) -> Int {
        guard now >= start, !phases.isEmpty else { return 0 }
        let (whole, rest) = (now - start).quotientAndRemainder(dividingBy: interval)
        var low = 0
        var high = phases.count
        while low < high {
            let middle = (low + high) / 2
            if phases[middle] <= rest { low = middle + 1 } else { high = middle }
        }
        return Int(whole) * phases.count + low
    }
}
