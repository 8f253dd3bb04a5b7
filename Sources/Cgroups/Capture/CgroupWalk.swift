// SPDX-License-Identifier: Apache-2.0

/// The cgroups of pods and what is right below them, found in all trees at once.
struct CgroupWalk {
    let trees: [CgroupTree]
    private(set) var paths: [String] = []
    /// What is in pods: containers, and whatever else the runtime has there.
    private(set) var members = 0

    init(_ roots: [KubepodsRoot], in trees: [CgroupTree]) {
        self.trees = trees
        for root in roots {
            walk(root)
            if root.names.driver == .systemd { findStrays(root.names) }
        }
    }

    /// A directory is in front of those below it, and siblings are in the order of their names.
    private mutating func walk(_ root: KubepodsRoot) {
        add(root.path)
        for name in children(of: root.path) {
            let path = root.path + "/" + name
            if root.names.podUID(name, qos: .guaranteed) != nil {
                walkPod(path)
            } else if let qos = root.names.qos(name) {
                add(path)
                for name in children(of: path) where root.names.podUID(name, qos: qos) != nil {
                    walkPod(path + "/" + name)
                }
            }
        }
    }

    private mutating func walkPod(_ path: String) {
        add(path)
        for name in children(of: path) where members < NodeSampler.maximumContainers {
            members += 1
            add(path + "/" + name)
        }
    }

    /// Containers that are outside of their pods' cgroups, and nothing else of those places.
    private mutating func findStrays(_ names: KubepodsNames) {
        for place in Set(trees.flatMap { NodeSampler.strayPlaces(in: $0) }).sorted() {
            for name in children(of: place.isEmpty ? "." : place) where members < NodeSampler.maximumContainers {
                guard case .misplaced = CgroupName(name), names.isBelow(name) else { continue }
                members += 1
                add(joined(place, name))
            }
        }
    }

    private mutating func add(_ path: String) { paths.append(path) }

    private func children(of path: String) -> [String] {
        var names: Set<String> = []
        for tree in trees {
            // One that went away has none.
            guard let directory = try? tree.handle.directory(path), let entries = try? directory.subdirectories() else {
                continue
            }
            for entry in entries { names.insert(entry.name) }
        }
        return names.sorted()
    }
}
