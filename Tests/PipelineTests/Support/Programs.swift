// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The executables of this build, which lie beside the test bundle.
enum Programs {
    static let agent = path("agent")
    static let aggregator = path("aggregator")
    /// Makes and removes cgroups for as long as it is told to.
    static let churn = path("Churn")
    static let swarm = path("swarm")
    /// Not part of the build; nil where it is not installed.
    static let kubectl = inPath("kubectl")

    private static func path(_ name: String) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let bundle = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // Where the tests run from a bundle that is a directory, the executables are some levels up.
        var directory = Substring(bundle)
        while let slash = directory.lastIndex(of: "/") {
            directory = directory[..<slash]
            let candidate = "\(directory)/\(name)"
            if access(candidate, X_OK) == 0, !isDirectory(candidate) { return candidate }
        }
        fatalError("no \(name) beside \(bundle); build it with swift build --build-tests")
    }

    private static func inPath(_ name: String) -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
