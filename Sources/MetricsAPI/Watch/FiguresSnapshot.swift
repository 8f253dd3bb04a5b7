// SPDX-License-Identifier: Apache-2.0

/// The figures of a selection at one moment. One instance is shared by all watches of the selection.
public final class FiguresSnapshot: Sendable {
    public let list: FiguresList
    /// The moment before the figures were looked up, Unix time in µs by our clock: what came later may be missing.
    public let version: UInt64

    public init(_ list: FiguresList, version: UInt64) {
        self.list = list
        self.version = version
    }

    var rows: [FiguresList.Row] { self.list.rows }
}

/// Which of two objects comes first in a list, or whether they have the same name.
enum NameOrder {
    case before, same, after

    init(_ one: ObjectIdentity, _ other: ObjectIdentity) {
        if one === other || one.hasName(of: other) {
            self = .same
        } else {
            self = one.precedes(other) ? .before : .after
        }
    }
}

extension ObjectIdentity {
    fileprivate func hasName(of other: ObjectIdentity) -> Bool {
        unsafe self.withParts { name, namespace, _ in
            unsafe other.withParts { otherName, otherNamespace, _ in
                unsafe name.equals(otherName) && namespace.equals(otherNamespace)
            }
        }
    }

    /// False for another pod that was given the same name.
    func isSameIncarnation(as other: ObjectIdentity) -> Bool {
        if self === other { return true }
        return unsafe self.withParts { _, _, uid in
            unsafe other.withParts { _, _, otherUID in unsafe uid.equals(otherUID) }
        }
    }
}

/// See `WatchOptions`.
public enum ResourceVersion {
    /// A moment as a resourceVersion.
    public static func at(unixNanoseconds: Int64) -> UInt64 { UInt64(max(0, unixNanoseconds)) / 1_000 }
}
