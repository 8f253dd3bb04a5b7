// SPDX-License-Identifier: Apache-2.0
import CKernel
import Glibc
import TLS

/// Wakes a thread that waits in `poll(2)`: an `eventfd(2)` whose reader and writers are threads of ours.
final class EventSignal: Sendable {
    let descriptor: Int32

    /// - Throws: when the process has no descriptor left.
    init() throws(SystemFailure) {
        descriptor = CKernel_eventfd()
        guard descriptor >= 0 else { throw SystemFailure(call: "eventfd") }
    }

    deinit {
        close(descriptor)
    }

    /// Any number of raises before the next drain are one.
    func raise() {
        var one: UInt64 = 1
        _ = unsafe write(descriptor, &one, 8)
    }

    /// Waits for a condition to end that is looked at with each raise.
    func wait(until deadline: Deadline, while condition: () -> Bool) {
        while condition(), !deadline.hasPassed {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if unsafe poll(&entry, 1, deadline.remainingMilliseconds) > 0 { drain() }
        }
    }

    /// Waits for a raise, and leaves it there.
    func isRaised(by deadline: Deadline) -> Bool {
        while true {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if unsafe poll(&entry, 1, deadline.remainingMilliseconds) > 0 { return true }
            if deadline.hasPassed { return false }
        }
    }

    func drain() {
        var count: UInt64 = 0
        _ = unsafe read(descriptor, &count, 8)
    }
}

/// A system call that should not fail, and did.
struct SystemFailure: Error, CustomStringConvertible, Sendable {
    let call: String
    let code: Int32

    init(call: String) {
        self.call = call
        code = errno
    }

    var description: String { unsafe "\(call): \(String(cString: strerror(code)))" }
}
