// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// SIGINT and SIGTERM end a run early, with its report.
enum Interruption {
    private static let flag = Atomic(false)

    static var hasCome: Bool { flag.load(ordering: .acquiring) }

    /// Before any thread is made: all inherit what is let through.
    static func watch() {
        // The handler must not be the first to touch it.
        flag.store(false, ordering: .releasing)
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM] {
            signal(number) { _ in Interruption.flag.store(true, ordering: .releasing) }
            sigaddset(&signals, number)
        }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }
}
