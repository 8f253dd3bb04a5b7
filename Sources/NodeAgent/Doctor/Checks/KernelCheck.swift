// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console

/// What the kernel counts, and what it carries along.
enum KernelCheck {
    /// Fewer than these cost nothing that is felt. Nodes in trouble have tens of thousands.
    static let manyDying: UInt64 = 1_000

    static func run(_ probe: NodeProbe, kubepods: String) -> [Finding] {
        [memory(probe.countsMemory), gone(probe.census()), pressure(probe.pressure(of: kubepods), probe.mode)]
    }

    static func memory(_ isCounted: Bool?) -> Finding {
        switch isCounted {
        case true: .ok("memory accounting", "on")
        case nil: .warn("memory accounting", "cgroup.controllers cannot be read", fix: ["see the cgroup files above"])
        case false:
            .fail(
                "memory accounting", "off: the kernel has no memory controller, so no container is served",
                fix: [
                    "boot with cgroup_enable=memory cgroup_memory=1 (Raspberry Pi: in /boot/firmware/cmdline.txt), and "
                        + "without cgroup_disable=memory"
                ])
        }
    }

    static func gone(_ census: NodeProbe.Census?) -> Finding {
        guard let census else { return .ok("gone cgroups", "none: the kernel has no memory controller") }
        let directories = "\(census.directories)\(census.isComplete ? "" : " or more") directories"
        guard let dying = census.dying else {
            return .ok("gone cgroups", "not told for this tree, which has \(directories)")
        }
        let found = "\(dying) removed ones are still accounted for, \(directories)"
        guard dying > manyDying, dying > UInt64(census.directories) else { return .ok("gone cgroups", found) }
        return .warn(
            "gone cgroups", found,
            fix: [
                "they make memory.stat slow, and stay while page cache or tmpfs of theirs does: "
                    + "echo 2 > /proc/sys/vm/drop_caches frees some",
                "look for what makes them: pods in crash loops, cron jobs, systemd timers",
            ])
    }

    static func pressure(_ support: NodeProbe.PressureSupport, _ mode: CgroupMode) -> Finding {
        switch support {
        case .perCgroup: .ok("pressure (PSI)", "told for each cgroup")
        case .wholeMachine where mode != .v2: .ok("pressure (PSI)", "v1 tells it of the whole machine alone")
        case .wholeMachine: .ok("pressure (PSI)", "told of the whole machine alone; nothing that is pushed needs it")
        case .none: .ok("pressure (PSI)", "not told (psi=1 turns it on); nothing that is pushed needs it")
        }
    }
}
