// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console

/// What the agent itself needs of the node.
enum ResourceCheck {
    /// Sockets, signals, logs, and directories above the pods.
    private static let ownDescriptors: UInt64 = 64

    /// - Parameter limit: of open files.
    static func run(_ look: NodeLook, limit: UInt64) -> [Finding] { [openFiles(look, limit), boot(look)] }

    private static func openFiles(_ look: NodeLook, _ limit: UInt64) -> Finding {
        let each: UInt64 = look.mode == .v2 ? 1 : 2
        let need = UInt64(look.pods.count) + each * UInt64(look.containers.count) + ownDescriptors
        let found = "\(need) of \(limit) are needed"
        let fix = ["raise the hard limit of the runtime (LimitNOFILE of containerd.service); the agent raises its own"]
        if need > limit { return .fail("open files", found, fix: fix) }
        return need > limit / 4 * 3 ? .warn("open files", found, fix: fix) : .ok("open files", found)
    }

    private static func boot(_ look: NodeLook) -> Finding {
        if !look.bootID.isEmpty { return .ok("boot id", look.bootID) }
        return .warn(
            "boot id", "cannot be read: the aggregator cannot tell a reboot by it",
            fix: ["--proc-root must be a procfs with sys/kernel/random/boot_id"])
    }
}
