// SPDX-License-Identifier: Apache-2.0

/// What to do when kubelet and runtime have different cgroup drivers.
enum MisplacedAdvice {
    static let fix =
        "set SystemdCgroup = true for runc in containerd's config.toml (as kubelet's cgroupDriver is systemd), restart "
        + "containerd, and make the pods anew"
}
