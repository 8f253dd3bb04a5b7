// SPDX-License-Identifier: Apache-2.0
import CKernel

/// The memory that the start and a handshake touch, and everyday life does not: most of the code pages.
///
/// The kernel maps 16 pages of a file around each one that is touched, and keeps them mapped for as long as there is memory
/// to spare. A node has better use for it than the code that verified a certificate.
enum StartupPages {
    /// A session has begun in earnest by then: a complete frame, the first difference with what the first sweep named, and
    /// one more.
    static let settledAfterFrames: UInt64 = 3

    /// Costs some hundred minor faults: the pages stay in the page cache, and those in use come back from there. A
    /// debugger's breakpoints do not.
    @Sendable static func giveBack() { _ = CKernel_give_back_pages() }
}
