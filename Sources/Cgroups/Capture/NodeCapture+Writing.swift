// SPDX-License-Identifier: Apache-2.0

extension NodeCapture {
    /// `facts` are nil for a tree's root: they are at the top of the capture.
    func write(_ place: String, _ directory: Directory, facts: CgroupFacts?, _ writer: inout EntryWriter) throws {
        try writer.directory(place, directory.status)
        if let facts { try writer.file(place + "/" + CgroupFacts.fileName, Array(facts.lines.utf8), nil) }
        for file in directory.files { try writer.file(place + "/" + file.name, file.bytes, file.status) }
    }

    /// What tells the mode where the cgroup root is not a tree itself: which controllers are mounted by which names.
    func writeTop(_ trees: [Tree], _ writer: inout EntryWriter) throws {
        let top = "sys/fs/cgroup"
        guard !trees.contains(where: { $0.place == top }), let handle = try? DirectoryHandle(root: roots.cgroup) else {
            return
        }
        var names: [String] = []
        try handle.forEachEntry { name, _, _ in
            if let name = text(name) { names.append(name) }
        }
        try writer.directory(top, try? handle.status())
        for name in names.sorted() {
            guard let status = try? handle.status(of: name) else { continue }
            if status.isDirectory {
                try writer.directory(top + "/" + name, status)
            } else if status.isLink, let target = handle.linkTarget(name) {
                try writer.link(top + "/" + name, to: target, status)
            }
        }
        let unified = "unified"
        guard !trees.contains(where: { $0.place == top + "/" + unified }), let tree = try? handle.directory(unified),
            let marker = read("cgroup.controllers", in: tree)
        else { return }
        try writer.file(top + "/" + unified + "/" + marker.name, marker.bytes, marker.status)
    }

    // MARK: Logs: names and targets, never what is in them

    func writeLogs(_ writer: inout EntryWriter) throws {
        // Directories that could be listed are in the capture although they are empty.
        let top = "var/log/containers"
        let listedLinks = listed("containers") { directory throws(SystemFailure) in try self.links(in: directory) }
        if listedLinks != nil { try writer.directory(top, nil) }
        let links = listedLinks ?? []
        for link in links.prefix(Self.maximumLogs) {
            try writer.link(top + "/" + link.name, to: link.target, link.status)
            summary.links += 1
        }
        let listedPods = listed("pods") { directory throws(SystemFailure) in try self.pods(in: directory) }
        if listedPods != nil { try writer.directory("var/log/pods", nil) }
        let pods = listedPods ?? []
        for pod in pods.prefix(Self.maximumLogs) {
            let place = "var/log/pods/" + pod.name
            try writer.directory(place, pod.status)
            for container in pod.containers { try writer.directory(place + "/" + container, nil) }
        }
        if max(links.count, pods.count) > Self.maximumLogs {
            summary.problems.append("\(roots.logs): only the first \(Self.maximumLogs) of its logs are in the capture")
        }
    }

    private struct Link {
        let name: String
        let target: String
        let status: FileStatus
    }

    private func links(in directory: borrowing DirectoryHandle) throws(SystemFailure) -> [Link] {
        var found: [Link] = []
        try directory.forEachEntry { bytes, _, _ in
            guard LogLinkName(bytes) != nil, let name = text(bytes), let target = directory.linkTarget(name),
                let status = try? directory.status(of: name)
            else { return }
            found.append(Link(name: name, target: target, status: status))
        }
        return found.sorted { $0.name < $1.name }
    }

    private struct PodLogs {
        let name: String
        let status: FileStatus?
        let containers: [String]
    }

    private func pods(in directory: borrowing DirectoryHandle) throws(SystemFailure) -> [PodLogs] {
        var found: [PodLogs] = []
        for entry in try directory.subdirectories() where PodLogDirectory(entry.name) != nil {
            guard let pod = try? directory.directory(entry.name), let containers = try? pod.subdirectories() else {
                continue
            }
            let names = containers.map(\.name).filter { isKubernetesName($0) }
            found.append(PodLogs(name: entry.name, status: try? pod.status(), containers: names.sorted()))
        }
        return found.sorted { $0.name < $1.name }
    }

    /// nil: `name` of the log root cannot be listed, and that is noted.
    private func listed<Found>(
        _ name: String, _ list: (borrowing DirectoryHandle) throws(SystemFailure) -> Found
    ) -> Found? {
        let path = roots.logs + "/" + name
        do throws(SystemFailure) {
            return try list(try DirectoryHandle(root: path))
        } catch {
            summary.problems.append("\(CgroupError.unusable(path, errno: error.errno, flag: "--log-root"))")
            return nil
        }
    }
}
