// SPDX-License-Identifier: Apache-2.0

/// A parsed label selector: all requirements must hold.
struct LabelSelector: Hashable, Sendable {
    enum Operation: Hashable, Sendable {
        case exists
        case doesNotExist
        /// `=`, `==` and `in`.
        case isIn(Values)
        /// `!=` and `notin`: also true of an object without the label.
        case isNotIn(Values)
        case greaterThan(Int64)
        case lessThan(Int64)
    }

    struct Requirement: Hashable, Sendable {
        var key: String
        var operation: Operation

        func matches(_ labels: Labels) -> Bool {
            let value = labels[self.key]
            switch self.operation {
            case .exists: return value != nil
            case .doesNotExist: return value == nil
            case .isIn(let values): return value.map(values.contains) ?? false
            case .isNotIn(let values): return value.map { !values.contains($0) } ?? true
            case .greaterThan(let bound): return Self.number(value).map { $0 > bound } ?? false
            case .lessThan(let bound): return Self.number(value).map { $0 < bound } ?? false
            }
        }

        private static func number(_ value: String?) -> Int64? {
            value.flatMap { try? GoText.parseInt($0) }
        }
    }

    /// A set of values. One is by far the usual case; a long list is hashed, so that a client's selector of thousands
    /// of values costs the same per object.
    enum Values: Hashable, Sendable {
        case one(String)
        case many(Set<String>)

        func contains(_ value: String) -> Bool {
            switch self {
            case .one(let only): only == value
            case .many(let all): all.contains(value)
            }
        }
    }

    var requirements: [Requirement] = []

    var isEmpty: Bool { self.requirements.isEmpty }

    func matches(_ labels: Labels) -> Bool { self.requirements.allSatisfy { $0.matches(labels) } }

    /// Each requirement is tried on each object of a list; people write a dozen, and 64 KiB of `!a,!a,…` against
    /// 150,000 pods would occupy a core for minutes.
    static let maxRequirements = 1000

    /// Why a selector was refused, in the peer's words.
    struct ParseError: Error, Equatable {
        var message: String
    }
}
