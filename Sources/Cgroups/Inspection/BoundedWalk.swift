// SPDX-License-Identifier: Apache-2.0

/// A bounded look at all of a tree, breadth first, for what no sweep looks at.
struct BoundedWalk {
    let maximumDepth: Int
    let maximumDirectories: Int
    /// CLOCK_BOOTTIME; what is not seen by then is not seen.
    let deadline: UInt64

    struct Result {
        /// Without the top.
        var directories = 0
        /// Everything down to the depth was seen.
        var isComplete = true
    }

    /// - Parameter visit: is given a path relative to the tree and the entry's name; says whether to look into it.
    func run(_ tree: CgroupTree, visit: (String, String) -> Bool) -> Result {
        var result = Result()
        var seen: Set<FileIdentity> = []
        var level = [""]
        for _ in 0..<maximumDepth {
            var next: [String] = []
            for directory in level {
                guard result.directories < maximumDirectories, Clock.bootTime < deadline else {
                    result.isComplete = false
                    return result
                }
                do throws(SystemFailure) {
                    let handle = try tree.handle.directory(directory.isEmpty ? "." : directory)
                    // A tree that is bound into itself is entered once.
                    guard seen.insert(FileIdentity(try handle.status())).inserted else { continue }
                    for entry in try handle.subdirectories() {
                        result.directories += 1
                        let path = directory.isEmpty ? entry.name : directory + "/" + entry.name
                        if visit(path, entry.name) { next.append(path) }
                    }
                } catch {
                    if !error.isMissing { result.isComplete = false }
                }
            }
            level = next
        }
        return result
    }
}
