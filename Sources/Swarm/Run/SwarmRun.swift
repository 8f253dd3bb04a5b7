// SPDX-License-Identifier: Apache-2.0
import Console
import Glibc
import NIOCore
import NIOPosix

/// A run from its first connection to its last goodbye, as the main thread sees it: it only asks the loops and waits.
struct SwarmRun {
    private let plan: SwarmPlan
    private let tell: (SwarmReport) -> Void
    private let loops: [(eventLoop: any EventLoop, nodes: NIOLoopBound<SwarmLoop>)]
    private let began = Clocks.monotonic
    private let bytesBefore: Int

    private var measured = Measurement()
    /// For the next interim report.
    private var lastPoint: Measurement.Point?
    private var nextReport: Int64
    private var ramp: Int64?
    private var stormBegan: Int64?
    private var storm: Int64?
    /// The goodbyes are waited for even after a signal.
    private var isClosing = false
    private var cpuMark: Int64 = 0
    private var cpu: Int64 = 0

    /// How often the loops are asked.
    private static let step = 50
    /// For the goodbyes.
    private static let closing: Int64 = 5_000_000_000

    /// - Parameter tell: called with every report.
    init(_ plan: SwarmPlan, tell: @escaping (SwarmReport) -> Void) throws {
        self.plan = plan
        self.tell = tell
        bytesBefore = Self.peakBytes
        nextReport = Clocks.monotonic + plan.reportEvery.wholeNanoseconds
        // As after a boot: counters of an earlier run would be higher.
        let bootID = NameScheme.podUID(
            node: .random(in: 0..<1 << 32), pod: .random(in: 0..<1 << 16), generation: .random(in: 0..<1 << 48))
        let group = MultiThreadedEventLoopGroup(numberOfThreads: plan.eventLoops)
        loops = try (0..<plan.eventLoops).map { number in
            let eventLoop = group.next()
            let nodes = Array(stride(from: number, to: plan.nodes, by: plan.eventLoops))
            let made = eventLoop.submit {
                NIOLoopBound(
                    try SwarmLoop(plan, nodes: nodes, bootID: bootID, start: Clocks.monotonic, on: eventLoop),
                    eventLoop: eventLoop)
            }
            return (eventLoop, try made.wait())
        }
    }

    /// - Returns: the last report, which was told, too.
    mutating func run() throws -> SwarmReport {
        let ramp = Duration.seconds(plan.nodes) / plan.connectRate
        try onLoops { $0.start(ramp: ramp) }
        var problems: [String] = []
        var status = try wait(until: began + plan.rampLimit.wholeNanoseconds) { [plan] in
            $0.tally.sessions == plan.nodes
        }
        if status.tally.sessions == plan.nodes {
            self.ramp = Clocks.monotonic - began
            status = try hold(status)
            if !measured.isAchieved {
                problems.append("\(measured.sent) frames were sent of \(measured.due) whose time had come")
            }
            if status.tally.sessions < plan.nodes {
                let cause = stormBegan != nil && storm == nil ? "came back after the storm" : "are open"
                problems.append("only \(status.tally.sessions) of \(plan.nodes) sessions \(cause)")
            }
        } else if !Interruption.hasCome {
            problems.append(
                "only \(status.tally.sessions) of \(plan.nodes) sessions were open after "
                    + DurationFlag.format(plan.rampLimit))
        }
        if Interruption.hasCome { problems.append("a signal ended it early") }
        let sessions = status.tally.sessions
        isClosing = true
        try onLoops { $0.finish() }
        status = try wait(until: Clocks.monotonic + Self.closing) { $0.connections == 0 }
        var report = report(status, measured, isFinal: true)
        report.sessions = sessions
        report.problems = problems
        tell(report)
        return report
    }

    /// The time with all sessions open, and the storm in it.
    private mutating func hold(_ status: SwarmLoop.Status) throws -> SwarmLoop.Status {
        let start = Clocks.monotonic
        var status = status
        begin(status)
        if let pause = plan.storm {
            status = try wait(until: start + pause.wholeNanoseconds) { _ in false }
            end(status)
            let dropped = Clocks.monotonic
            stormBegan = dropped
            try onLoops { $0.storm() }
            status = try wait(until: start + plan.duration.wholeNanoseconds) { $0.stormEnded != nil }
            guard let back = status.stormEnded else { return status }
            storm = back - dropped
            begin(status)
        }
        status = try wait(until: start + plan.duration.wholeNanoseconds) { _ in false }
        end(status)
        return status
    }

    private mutating func begin(_ status: SwarmLoop.Status) {
        measured.begin(Self.point(status))
        cpuMark = Clocks.ownCPU
        lastPoint = nil
    }

    private mutating func end(_ status: SwarmLoop.Status) {
        measured.end(Self.point(status))
        cpu += Clocks.ownCPU - cpuMark
    }

    /// Asks the loops until something is so, or until a moment.
    private mutating func wait(
        until moment: Int64, _ condition: (SwarmLoop.Status) -> Bool
    ) throws -> SwarmLoop.Status {
        while true {
            let status = try self.status()
            if condition(status) || Clocks.monotonic >= moment || Interruption.hasCome && !isClosing { return status }
            reportProgress(status)
            Clocks.sleep(until: min(moment, Clocks.monotonic + Int64(Self.step) * 1_000_000))
        }
    }

    private mutating func reportProgress(_ status: SwarmLoop.Status) {
        guard Clocks.monotonic >= nextReport else { return }
        nextReport = Clocks.monotonic + plan.reportEvery.wholeNanoseconds
        var recent = Measurement()
        if measured.isOpen {
            let point = Self.point(status)
            if let lastPoint {
                recent.begin(lastPoint)
                recent.end(point)
            } else {
                recent = measured.until(point)
            }
            lastPoint = point
        }
        tell(report(status, recent, isFinal: false))
    }

    private func report(_ status: SwarmLoop.Status, _ measured: Measurement, isFinal: Bool) -> SwarmReport {
        SwarmReport(
            isFinal: isFinal, elapsed: Clocks.monotonic - began, nodes: plan.nodes, containers: plan.shape.containers,
            sessions: status.tally.sessions, tally: status.tally, measured: measured, rampNanoseconds: ramp,
            stormNanoseconds: storm, ownCPU: cpu, ownBytes: Self.peakBytes - bytesBefore)
    }

    private static func point(_ status: SwarmLoop.Status) -> Measurement.Point {
        .init(due: status.dueFrames, sent: status.tally.scheduledFrames, moment: Clocks.monotonic)
    }

    // MARK: The loops

    private func onLoops(_ body: @escaping @Sendable (SwarmLoop) -> Void) throws {
        for (eventLoop, nodes) in loops { try eventLoop.submit { body(nodes.value) }.wait() }
    }

    private func status() throws -> SwarmLoop.Status {
        var sum = SwarmLoop.Status(tally: Tally(), dueFrames: 0, connections: 0, stormEnded: .min)
        for (eventLoop, nodes) in loops {
            let status = try eventLoop.submit { nodes.value.status() }.wait()
            sum.tally.add(status.tally)
            sum.dueFrames += status.dueFrames
            sum.connections += status.connections
            // The storm has ended when it has ended for all.
            if let ended = sum.stormEnded { sum.stormEnded = status.stormEnded.map { max($0, ended) } }
        }
        return sum
    }

    private static var peakBytes: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss << 10
    }
}
