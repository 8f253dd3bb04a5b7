// SPDX-License-Identifier: Apache-2.0

/// What copies of a cgroup's files cannot say. A capture has it as one more file in the cgroup's directory, with a line for
/// each fact that is known:
///
///     inode 4711
///     cpu-before-ns 1234
///     boot-time-before-ns 5678
///     boot-time-ns 9012
///     periods-before 120
///     throttled-periods-before 3
///     throttled-before-ns 45678000
struct CgroupFacts: Equatable {
    /// It tells the sandbox, and a copy gets another one.
    var inode: UInt64?
    /// The cumulative CPU time one reading earlier than the files have it, ns, so that there is a rate.
    var cpuBefore: UInt64?
    /// CLOCK_BOOTTIME at the two readings of the CPU time, ns.
    var bootTimeBefore: UInt64?
    var bootTime: UInt64?
    /// `CgroupDetails` of the earlier reading, with its units.
    var periodsBefore: UInt64?
    var throttledPeriodsBefore: UInt64?
    var throttledBefore: UInt64?

    /// Of the file, in each captured cgroup and at the top of a capture.
    static let fileName = "metrics-push-capture"

    init(inode: UInt64? = nil) { self.inode = inode }

    init(_ bytes: Span<UInt8>) {
        inode = CaptureLine.number("inode", bytes)
        cpuBefore = CaptureLine.number("cpu-before-ns", bytes)
        bootTimeBefore = CaptureLine.number("boot-time-before-ns", bytes)
        bootTime = CaptureLine.number("boot-time-ns", bytes)
        periodsBefore = CaptureLine.number("periods-before", bytes)
        throttledPeriodsBefore = CaptureLine.number("throttled-periods-before", bytes)
        throttledBefore = CaptureLine.number("throttled-before-ns", bytes)
    }

    var lines: String {
        CaptureLine.write("inode", inode) + CaptureLine.write("cpu-before-ns", cpuBefore)
            + CaptureLine.write("boot-time-before-ns", bootTimeBefore) + CaptureLine.write("boot-time-ns", bootTime)
            + CaptureLine.write("periods-before", periodsBefore)
            + CaptureLine.write("throttled-periods-before", throttledPeriodsBefore)
            + CaptureLine.write("throttled-before-ns", throttledBefore)
    }
}

/// The same of the whole node, in the file at the top of a capture.
///
///     metrics-push-capture 1
///     captured-at-boot-time-ns 9000
///     captured-at-real-time-ns 1785000000000000000
///     node worker-1
///     pod-uid 3f0d2a9e-2222-4e0a-9d53-0c6d1f7a8b21
///     kubepods-root a.slice/a-kubepods.slice
///
/// and the root cgroup's facts as `CgroupFacts` has them.
public struct NodeFacts: Equatable, Sendable {
    /// Both clocks when the files were read, ns; the boot clock is since the node's start, the other since 1970.
    var bootTime: UInt64
    var realTime: Int64
    /// What the node's agent was told, or found in its environment; nil: nothing.
    public var nodeName: String?
    public var podUID: String?
    public var kubepods: String?
    var root = CgroupFacts()

    /// Raised when a fact changes its meaning.
    static let version: UInt64 = 1

    init(bootTime: UInt64, realTime: Int64) {
        self.bootTime = bootTime
        self.realTime = realTime
    }

    /// nil: not such a file, or of another version.
    init?(_ bytes: Span<UInt8>) {
        guard CaptureLine.number("metrics-push-capture", bytes) == Self.version,
            let bootTime = CaptureLine.number("captured-at-boot-time-ns", bytes),
            let realTime = CaptureLine.number("captured-at-real-time-ns", bytes).flatMap({ Int64(exactly: $0) })
        else { return nil }
        self.init(bootTime: bootTime, realTime: realTime)
        nodeName = CaptureLine.text("node", bytes)
        podUID = CaptureLine.text("pod-uid", bytes)
        kubepods = CaptureLine.text("kubepods-root", bytes)
        root = CgroupFacts(bytes)
    }

    var lines: String {
        CaptureLine.write("metrics-push-capture", Self.version)
            + CaptureLine.write("captured-at-boot-time-ns", bootTime)
            + CaptureLine.write("captured-at-real-time-ns", UInt64(clamping: realTime))
            + CaptureLine.write("node", nodeName) + CaptureLine.write("pod-uid", podUID)
            + CaptureLine.write("kubepods-root", kubepods) + root.lines
    }

    /// Of the capture that was extracted to `directory`; nil when that is no capture, but a node's own trees.
    public static func read(_ directory: String) throws(CgroupError) -> NodeFacts? {
        var reader = FileReader()
        do throws(ReadFailure) {
            let handle: DirectoryHandle
            do throws(SystemFailure) { handle = try DirectoryHandle(root: directory) } catch { throw .system(error) }
            return try reader.whole(CgroupFacts.fileName, in: handle) { NodeFacts($0) }
        } catch {
            let path = directory + "/" + CgroupFacts.fileName
            switch error {
            case .system(let failure):
                if failure.isMissing { return nil }
                throw .unusable(path, errno: failure.errno, flag: "--root")
            case .malformed:
                throw CgroupError(
                    .unreadable, path: path, cause: "not the facts of a capture, or of another version of it",
                    wayOut: "look at it with the agent that wrote it, or capture the node again")
            }
        }
    }
}

/// Lines of a key, a space and a value.
enum CaptureLine {
    static func number(_ key: StaticString, _ bytes: Span<UInt8>) -> UInt64? {
        if case .value(let number) = KeyedFile.parse(key, bytes, complete: true) { number } else { nil }
    }

    static func text(_ key: StaticString, _ bytes: Span<UInt8>) -> String? {
        var position = 0
        while position < bytes.count {
            var end = position
            while end < bytes.count, bytes[end] != newline { end += 1 }
            let value = position + key.utf8CodeUnitCount + 1
            if bytes.begins(with: key, at: position), value < end, bytes[value - 1] == space {
                return Cgroups.text(bytes.extracting(value..<end))
            }
            position = end + 1
        }
        return nil
    }

    static func write(_ key: String, _ number: UInt64?) -> String { number.map { "\(key) \($0)\n" } ?? "" }

    /// A value that would not come back as it is is left out.
    static func write(_ key: String, _ text: String?) -> String {
        guard let text, !text.isEmpty, text.utf8.allSatisfy({ $0 >= space }) else { return "" }
        return "\(key) \(text)\n"
    }
}
