// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// A node after some sweeps, as far as checks are made of it.
struct NodeLook {
    var mode = CgroupMode.v2
    var driver = CgroupDriver.systemd
    /// Absolute.
    var kubepodsPath = ""
    /// Below the mount.
    var kubepods = ""
    var bootID = ""
    var pods: [PodRecord] = []
    var containers: [ContainerRecord] = []
    var misplaced = 0
    var pacesMemoryStat = false
    var problems: [CgroupError] = []
}

extension NodeLook {
    init(_ sampler: NodeSampler, _ trace: SamplerTrace) {
        mode = sampler.mode
        driver = sampler.driver
        kubepodsPath = sampler.kubepodsPath
        if let tree = trace.rootChoices.last?.tree, kubepodsPath.hasPrefix(tree + "/") {
            kubepods = String(kubepodsPath.dropFirst(tree.count + 1))
        }
        bootID = sampler.bootID
        pods = sampler.readPods()
        containers = sampler.slots.compactMap { $0 }
        misplaced = sampler.misplacedContainers
        pacesMemoryStat = sampler.pacesMemoryStat
        problems = [sampler.kubepodsProblem].compactMap { $0 }
    }

    /// Of the containers that are reported.
    var apps: [ContainerRecord] { containers.filter { $0.role != .sandbox } }
}
