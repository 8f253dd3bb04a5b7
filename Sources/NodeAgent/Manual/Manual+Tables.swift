// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console

extension Manual {
    static let description = [
        "The agent reads the CPU time and memory of this node, and of every container that the kubelet runs on it, from "
            + "the kernel's cgroup files (v1, v2 and hybrid), and pushes them to every address of the aggregator until "
            + "SIGTERM or SIGINT.",
        "With --dump, --explain, --doctor or --capture it does that one thing instead, and exits.",
        "Flags can be abbreviated as long as they are unambiguous. A value follows a blank or an equals sign.",
    ]

    static let exitStatus: [(tag: String, text: String)] = [
        ("\(ExitStatus.success)", "What was asked for was done, or a signal ended the pushing."),
        (
            "\(ExitStatus.failure)",
            "Something could not be done, and the message on standard error names the way out; --explain did not find its "
                + "target; a check of --doctor failed."
        ),
        ("\(ExitStatus.usage)", "The command line is wrong."),
    ]

    static let environment: [(tag: String, text: String)] = [
        (
            Roff.bold("NODE_NAME"),
            "This node's name, unless --node-name gives it. Without either it is the host's name."
        ),
        (Roff.bold("POD_UID"), "The uid of the agent's own pod, unless --pod-uid gives it."),
        (Roff.bold("NO_COLOR"), "When it is set to anything, --dump colours nothing on a terminal."),
        (Roff.bold("COLUMNS"), "The width that --dump fits its table to, instead of the terminal's."),
    ]

    static let files: [(tag: String, text: String)] = [
        (Roff.italic("/sys/fs/cgroup"), "The cgroup trees; another place with --cgroup-root or --root."),
        (Roff.italic("/proc"), "The node's own CPU time, memory, boot id and pressure (--proc-root)."),
        (Roff.italic("/var/log/containers"), "Links whose names and targets tell the containers' names (--log-root)."),
        (Roff.italic("/var/log/pods"), "Directories whose names tell the name of a container without a link."),
        (
            Roff.italic("DIR/metrics-push-capture"),
            "In a capture, and in each of its cgroups: what copies cannot say. Inodes, the times of the readings, and "
                + "the CPU time of an earlier reading, so that rates can be shown."
        ),
    ]

    static let examples: [(text: String, command: String)] = [
        ("What runs on this node, and what it uses:", "agent --dump"),
        ("The containers alone, for a program:", "agent --dump -o json | jq 'select(.kind == \"container\")'"),
        (
            "A node in a cluster, looked at on another machine:",
            "kubectl -n kube-system exec POD -- /agent --capture - > node.tar\n"
                + "mkdir node && tar xf node.tar -C node && agent --root node --dump"
        ),
        ("Completion for the shell at hand:", "source <(agent --completion bash)"),
    ]
}
