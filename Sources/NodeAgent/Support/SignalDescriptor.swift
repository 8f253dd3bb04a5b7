// SPDX-License-Identifier: Apache-2.0
import CKernel
import Glibc
import TLS

/// SIGTERM and SIGINT as something to wait for instead of an interruption.
final class SignalDescriptor {
    let descriptor: Int32

    /// Must be made before the first thread: threads inherit the mask that keeps the signals from them.
    init() throws(SystemFailure) {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe sigaddset(&signals, SIGINT)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        descriptor = unsafe CKernel_signalfd(&signals)
        guard descriptor >= 0 else { throw SystemFailure(call: "signalfd") }
    }

    deinit {
        close(descriptor)
    }

    /// Whether one has come; it stays so.
    var isRaised: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, 0) > 0
    }

    /// Until then, or until one has come.
    func wait(until deadline: Deadline) {
        while !isRaised, !deadline.hasPassed {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if unsafe poll(&entry, 1, deadline.remainingMilliseconds) > 0 { return }
        }
    }
}
