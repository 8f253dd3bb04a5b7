// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// What the kernel's counters of one cgroup were all along, read every few milliseconds by a thread of its own: the test
/// threads may be busy with other things.
final class KernelRecord: Sendable {
    struct Point: Sendable {
        /// Real time before and after the counter was read.
        let before: Int64
        let after: Int64
        let cpuNanoseconds: UInt64
        let workingSet: UInt64?
    }

    private let state = Mutex((points: [Point](), sawNothing: false, isStopped: false))
    private static let pause: UInt32 = 10_000

    /// - Parameter path: relative to each tree. It may come and go.
    init(_ path: String, in trees: KernelTrees) {
        // Not by the thread, which may only come to it when the cgroup that is made next is there already.
        add(Self.read(path, in: trees))
        let work = Work { [weak self] in
            let point = Self.read(path, in: trees)
            guard let self else { return false }
            self.add(point)
            return !self.state.withLock { $0.isStopped }
        }
        var thread = pthread_t()
        let started = pthread_create(
            &thread, nil,
            { box in
                let work = Unmanaged<Work>.fromOpaque(box!).takeRetainedValue()
                while work.step() { usleep(KernelRecord.pause) }
                return nil
            }, Unmanaged.passRetained(work).toOpaque())
        precondition(started == 0)
        pthread_detach(thread)
    }

    deinit { state.withLock { $0.isStopped = true } }

    private final class Work: Sendable {
        let step: @Sendable () -> Bool
        init(_ step: @escaping @Sendable () -> Bool) { self.step = step }
    }

    /// nil: it is not there.
    private static func read(_ path: String, in trees: KernelTrees) -> Point? {
        let before = RealTime.now()
        let cpu = trees.cpuNanoseconds(path)
        let after = RealTime.now()
        return cpu.map {
            Point(before: before, after: after, cpuNanoseconds: $0, workingSet: trees.workingSet(path))
        }
    }

    private func add(_ point: Point?) {
        state.withLock { state in
            if let point { state.points.append(point) } else if state.points.isEmpty { state.sawNothing = true }
        }
    }

    /// Oldest first.
    var points: [Point] { state.withLock { $0.points } }

    /// Whether it began before the cgroup was made.
    var sawBirth: Bool { state.withLock { $0.sawNothing } }
}
