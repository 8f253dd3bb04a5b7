// SPDX-License-Identifier: Apache-2.0
import Console
import Glibc

/// Tells another program which pods are replaced, so that it can be the API server of a cluster that the swarm's nodes are
/// in: a line each, at the end of a file.
final class ReplacedPods: Sendable {
    private let path: String
    private let descriptor: Int32

    init(appendingTo path: String) throws(FlagError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path) }
    }

    deinit { close(descriptor) }

    /// - Parameter pods: with how often each was replaced, the last time included.
    func tell(_ pods: [(pod: Int, generation: Int)], node: Int, names: NameScheme) throws(FlagError) {
        // One write, so that the lines of several loops do not mix.
        let lines = Array(
            pods.map { Self.line(pod: $0.pod, generation: $0.generation, node: node, names) }.joined().utf8)
        guard write(descriptor, lines, lines.count) == lines.count else { throw Self.failure(path) }
    }

    static func line(pod: Int, generation: Int, node: Int, _ names: NameScheme) -> String {
        var line = "\(names.node.text(node: node))\t\(names.namespace(node: node, pod: pod))"
        for generation in [generation - 1, generation] {
            line += "\t\(names.pod.text(node: node, pod: pod, generation: generation))"
            line += "\t\(NameScheme.podUID(node: node, pod: pod, generation: generation))"
        }
        return line + "\n"
    }

    private static func failure(_ path: String) -> FlagError {
        FlagError("\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
}
