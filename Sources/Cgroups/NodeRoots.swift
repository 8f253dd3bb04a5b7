// SPDX-License-Identifier: Apache-2.0

/// Where the kernel's trees are. Every root is injected so that tests run on a temporary tree, and a captured one can be
/// read elsewhere.
public struct NodeRoots: Sendable {
    /// The cgroup mount: a v2 tree, or the directory that the v1 controllers are mounted in.
    public var cgroup: String
    public var proc: String
    /// The directory with `containers/` and `pods/` in it.
    public var logs: String
    /// The kubepods root, relative to the v2 mount or to each v1 controller's mount; nil: look for it.
    public var kubepods: String?
    /// Picks the root among several: the one that holds the pod with this uid.
    public var ownPodUID: String?
    /// The directory that a capture was extracted to. One that holds no capture is a node's own, mounted elsewhere.
    public var capture: String?

    public init(
        cgroup: String = "/sys/fs/cgroup", proc: String = "/proc", logs: String = "/var/log",
        kubepods: String? = nil, ownPodUID: String? = nil, capture: String? = nil
    ) {
        self.cgroup = cgroup
        self.proc = proc
        self.logs = logs
        self.kubepods = kubepods
        self.ownPodUID = ownPodUID
        self.capture = capture
    }
}

/// Which kernel interface holds the counters.
public enum CgroupMode: Sendable, Equatable {
    case v1
    case v2
    /// v1 controllers next to a v2 tree without them: the v1 ones are read.
    case hybrid
}

/// Who makes the pods' cgroups, hence how they are named.
public enum CgroupDriver: Sendable, Equatable {
    case systemd
    case cgroupfs
}

/// A pod's quality-of-service class, as the place of its cgroup tells it.
public enum QoSClass: Sendable, Equatable {
    case guaranteed
    case burstable
    case bestEffort
}
