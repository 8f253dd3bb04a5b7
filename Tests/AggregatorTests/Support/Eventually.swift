// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Waits for something another thread is about to do.
/// - Returns: false when it has not come true within 10 s.
func eventually(_ condition: () throws -> Bool) async throws -> Bool {
    for _ in 0..<2_000 {
        if try condition() { return true }
        try await Task.sleep(for: .milliseconds(5))
    }
    return false
}

extension Atomic where Value == Int {
    /// What a counter shows now.
    var value: Int { load(ordering: .relaxed) }
}
