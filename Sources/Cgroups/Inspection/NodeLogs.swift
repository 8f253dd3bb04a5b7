// SPDX-License-Identifier: Apache-2.0

/// Everything that the kubelet's log directories say, of containers that live and of those that do not. A sweep wants
/// only what it has no name for yet; a person may ask about any.
public struct NodeLogs {
    /// A link of `containers/`.
    public struct Link: Equatable, Sendable {
        public let entry: TracedDecision.Link
        /// Of the container; cut off when the file name is.
        public let containerID: String
        public let isTruncated: Bool
        /// nil: neither the link nor its target says it in names that Kubernetes would take.
        public let name: ContainerName?
    }

    /// A directory of `pods/`.
    public struct PodDirectory: Equatable, Sendable {
        public let name: String
        public let namespace: String
        public let pod: String
        public let uid: String
    }

    private let path: String

    /// - Parameter path: `/var/log` or what stands for it.
    public init(at path: String) { self.path = path }

    public func links() throws(CgroupError) -> [Link] {
        var links = LogLinks(path: path + "/containers")
        do throws(SystemFailure) {
            return try links.list().map { link in
                let name = link.name.name.map { names in
                    ContainerName(
                        namespace: names.namespace, pod: names.pod, container: names.container,
                        restartCount: link.target?.restartCount, source: .logLink)
                }
                return Link(
                    entry: .init(link), containerID: link.name.id, isTruncated: link.name.isTruncated,
                    name: name ?? link.target?.name(.linkTarget))
            }
        } catch {
            throw .unusable(links.path, errno: error.errno, flag: "--log-root")
        }
    }

    public func podDirectories() throws(CgroupError) -> [PodDirectory] {
        do throws(SystemFailure) {
            return try DirectoryHandle(root: path + "/pods").subdirectories().compactMap { entry in
                PodLogDirectory(entry.name).map {
                    PodDirectory(name: entry.name, namespace: $0.namespace, pod: $0.pod, uid: $0.uid)
                }
            }
        } catch {
            throw .unusable(path + "/pods", errno: error.errno, flag: "--log-root")
        }
    }
}
