// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console
import Glibc

extension AgentFlag {
    /// A node's files, taken along and looked at elsewhere.
    static let capture: [AgentFlag] = [
        AgentFlag(
            name: "capture", argument: "FILE.tar",
            help: "write the accounting files of this node, and the names of its pods' logs, to a new archive (- is "
                + "standard output), and exit"
        ) { options, text throws(FlagError) in
            options.captureFile = try notEmpty(text)
            try options.choose(.capture)
        },
        AgentFlag(
            name: "root", argument: "DIR",
            help: "read the node below DIR, where a capture was extracted or a host's / is mounted: "
                + "DIR/sys/fs/cgroup, DIR/proc, DIR/var/log"
        ) { options, text throws(FlagError) in
            let path = try notEmpty(text)
            // "/" is as if nothing was said.
            options.root = String(path.reversed().drop { $0 == "/" }.reversed())
        },
    ]
}

extension AgentOptions {
    /// What `--root` leads to has to be there, and says who the node was.
    mutating func takeFactsOfCapture() throws(FlagError) {
        guard !root.isEmpty else { return }
        var status = stat()
        guard unsafe stat(root, &status) == 0 else {
            throw FlagError(
                "--root: \(root): \(CaptureOutput.text(errno)); name the directory that a capture was "
                    + "extracted to (mkdir DIR; tar xf FILE.tar -C DIR)")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw FlagError(
                "--root: \(root) is no directory; extract a capture first: mkdir DIR; tar xf FILE.tar -C DIR")
        }
        // One that cannot be understood is an error of whatever reads the node.
        guard let facts = try? NodeFacts.read(root) else { return }
        if nodeName.isEmpty { nodeName = facts.nodeName ?? "" }
        if podUID.isEmpty { podUID = facts.podUID ?? "" }
        if kubepodsRoot.isEmpty { kubepodsRoot = facts.kubepods ?? "" }
    }
}
