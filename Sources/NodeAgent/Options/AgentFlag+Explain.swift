// SPDX-License-Identifier: Apache-2.0
import Console

extension AgentFlag {
    static let explain: [AgentFlag] = [
        AgentFlag(
            name: "explain", argument: "TARGET",
            help: "print how the figures of one come about, or why it has none, and exit; TARGET is POD, "
                + "NAMESPACE/POD, POD/CONTAINER, a container's id or its beginning, a pod's uid, or a cgroup's path"
        ) { options, text throws(FlagError) in try options.choose(.explain(try notEmpty(text))) }
    ]
}
