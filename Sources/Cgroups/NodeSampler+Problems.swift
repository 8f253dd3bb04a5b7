// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What one sweep could not do with cgroups and files that are there.
struct SweepFailures {
    /// nil as errno: it was read, and is not what the kernel writes.
    typealias Failure = (path: String, errno: Int32?)

    private var first: Failure?
    private(set) var count = 0
    private var firstLeftOut: Failure?
    /// Pods and containers for which there was no descriptor, or no slot.
    private(set) var leftOut = 0

    /// What is to be told: what concerns all pods before what one of them has.
    var worst: Failure? { firstLeftOut ?? first }

    mutating func add(_ path: @autoclosure () -> String, errno: Int32?) {
        if let errno, errno == E2BIG || SystemFailure(errno: errno).isExhausted {
            leftOut += 1
            if firstLeftOut == nil { firstLeftOut = (path(), errno) }
        } else {
            count += 1
            if first == nil { first = (path(), errno) }
        }
    }

    /// Directories are walked again in the same sweep, and what was left out is tried again.
    mutating func startRound() {
        leftOut = 0
        firstLeftOut = nil
    }
}

extension NodeSampler {
    /// Everything that is wrong with this node's accounting at the moment.
    public var problems: [CgroupError] { [kubepodsProblem, namesProblem, figuresProblem].compactMap(\.self) }

    /// Of what fails in two sweeps in a row: once is no state. Keeps the words that it has while the same thing is wrong,
    /// whichever pod shows it first.
    func updateFiguresProblem() {
        guard let worst = failures.worst else {
            figuresProblem = nil
            hadFailures = false
            return
        }
        guard hadFailures else {
            hadFailures = true
            return
        }
        let problem = problem(worst.path, worst.errno)
        if figuresProblem != problem || figuresProblem?.errno != problem.errno { figuresProblem = problem }
    }

    private func problem(_ path: String, _ errno: Int32?) -> CgroupError {
        guard let errno else {
            return CgroupError(
                .unreadable, path: path, cause: "not what the kernel writes there\(others)",
                wayOut: "its figure is left out; is a cgroup filesystem mounted there?")
        }
        let failure = SystemFailure(errno: errno)
        if failure.isExhausted {
            return .tooFewDescriptors(
                path, errno: errno,
                cause: "\(failures.leftOut) pods or containers are left out, with a limit of \(descriptors.files) files"
            )
        }
        if errno == E2BIG {
            return CgroupError(
                .tooManyContainers, path: path,
                cause: "\(failures.leftOut) containers are left out: more than \(Self.maximumContainers)",
                wayOut: "find out who makes these cgroups; no node runs as many containers")
        }
        if failure.isDenied { return .permissionDenied(path, errno: errno) }
        return CgroupError(
            .unreadable, path: path, errno: errno, cause: "cannot be read\(others)",
            wayOut: "its figure is left out; is a cgroup filesystem mounted there?")
    }

    private var others: String { failures.count > 1 ? ", nor can \(failures.count - 1) more" : "" }

    // MARK: Taking note

    func note(_ failure: ReadFailure, _ file: StaticString) {
        switch failure {
        case .malformed:
            counters.parseErrors &+= 1
            failures.add(path(of: file), errno: nil)
        case .system(let failure):
            if failure.isMissing {
                sawMissing = true
                counters.missing &+= 1
            } else {
                note(failure, path(of: file))
            }
        }
    }

    /// Counts a failure on something that is there; the first refusal is kept for the case that there is nothing else.
    func note(_ failure: SystemFailure, _ path: @autoclosure () -> String) {
        counters.failed(failure)
        trace?.failures.append(SamplerTrace.Failure(path: path(), errno: failure.errno))
        failures.add(path(), errno: failure.errno)
        if failure.isDenied, denied == nil { denied = (path(), failure.errno) }
    }

    private func path(of file: StaticString) -> String {
        let name = "\(file)"
        let tree = name == "cpuacct.usage" ? trees.accounting : trees.memory
        return (tree?.path ?? roots.cgroup) + "/" + readingPath + "/" + name
    }
}
