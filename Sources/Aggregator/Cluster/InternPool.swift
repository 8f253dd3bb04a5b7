// SPDX-License-Identifier: Apache-2.0

/// Keeps one copy of equal values, for as long as somebody uses it.
///
/// The pods of a deployment carry the same labels, and nearly all pods the same label keys: with 150,000 of them the
/// copies would be most of what the process holds.
struct InternPool<Value: Hashable> {
    private var uses: [Value: Int] = [:]

    var count: Int { uses.count }

    /// The pool's own copy; to be given back with `release` once.
    mutating func take(_ value: Value) -> Value {
        if let index = uses.index(forKey: value) {
            uses.values[index] += 1
            return uses.keys[index]
        }
        uses[value] = 1
        return value
    }

    mutating func release(_ value: Value) {
        guard let index = uses.index(forKey: value) else { return }
        if uses.values[index] == 1 {
            uses.remove(at: index)
        } else {
            uses.values[index] -= 1
        }
    }
}
