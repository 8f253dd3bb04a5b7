// SPDX-License-Identifier: Apache-2.0

/// A step on the way to a container's name and role, with what it rests on.
public enum TracedDecision: Equatable, Sendable {
    /// An entry of /var/log/containers.
    public struct Link: Equatable, Sendable {
        public let file: String
        /// What it points to; nil: it is no link, or its target no text.
        public let target: String?
        /// The pod's uid in the target; nil: the target is not where the kubelet keeps logs.
        public let targetUID: String?
        /// The link's own, ns since 1970.
        public let modificationTime: Int64?
    }

    /// The name is the one that CRI-O gives to a sandbox that has no process.
    case spoofedSandbox
    /// The link's name has the container's id, or what is left of it fits no other container of the target's pod.
    case named(by: Link, NameSource)
    /// A link has the container's id, but no name in it that Kubernetes would take.
    case namelessLink(Link)
    /// What is left of the id in a link's name fits this many containers of the pod.
    case ambiguousLink(Link, candidates: Int)
    /// The lowest inode among those without a link, and whether it has the least CPU weight there is.
    case lowestInode(hasLeastWeight: Bool)
    /// The same where the weight cannot be read: `isOldest` of all the pod's `containers`.
    case lowestInodeUnweighed(containers: Int, isOldest: Bool)
    /// Another one without a link has this lower inode.
    case higherInode(lowest: UInt64)
    /// Names of the pod's log directories, less those that other containers have. With one left, that is the name.
    case eliminated(directory: String, taken: [String], left: [String])
}

extension TracedDecision.Link {
    init(_ link: LogLink) {
        file = link.file
        target = link.targetPath
        targetUID = link.target?.pod.uid
        modificationTime = link.modificationTime
    }
}
