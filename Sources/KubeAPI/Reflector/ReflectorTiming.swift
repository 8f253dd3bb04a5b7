// SPDX-License-Identifier: Apache-2.0

/// A reflector's clock and chances, replaced in tests.
struct ReflectorTiming: Sendable {
    /// What the server is asked to end a watch after, at random, so that watches do not all end together. Seconds; as
    /// client-go.
    var watchSeconds = 300...600
    /// The longest silence on a watch. Bookmarks come about once a minute, and at the server's discretion.
    var silence: Duration = .seconds(180)
    var backoff = ReflectorBackoff()
    /// In 0..<1.
    var random: @Sendable () -> Double = { .random(in: 0..<1) }
    /// Throws when the task is cancelled.
    var sleep: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
}
