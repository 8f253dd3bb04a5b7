// SPDX-License-Identifier: Apache-2.0

/// An agent whose calls block elsewhere: an aggregator that reviews tokens needs the few threads that all tests share.
///
/// `@unchecked Sendable`: a test awaits each call before the next.
final class BlockingAgent: @unchecked Sendable {
    private let agent: TestAgent

    init(_ agent: TestAgent) { self.agent = agent }

    func callAsFunction<Result: Sendable>(
        _ body: @escaping @Sendable (TestAgent) throws -> Result
    ) async throws -> Result {
        try await offPool { try body(self.agent) }
    }
}
