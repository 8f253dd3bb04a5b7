// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Texts that the samples of many nodes repeat, kept once: names of namespaces and containers.
///
/// Only a help: who was given a text owns it like any other. So the table is emptied when it is full, instead of knowing
/// who uses what, and agents that make names up cannot make it grow.
final class SharedNames: Sendable {
    static let all = SharedNames()
    /// A few MB at most, as names have at most 253 bytes.
    static let capacity = 16_384
    /// A text of as many bytes fits into a `String` itself.
    private static let inlineBytes = 15

    private let names = Mutex<Set<String>>([])

    /// An equal text, which many share if it is given often.
    func shared(_ name: String) -> String {
        guard name.utf8.count > Self.inlineBytes else { return name }
        return names.withLock { names in
            if names.count >= Self.capacity { names.removeAll() }
            return names.insert(name).memberAfterInsert
        }
    }
}
