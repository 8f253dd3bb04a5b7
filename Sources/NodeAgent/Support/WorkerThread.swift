// SPDX-License-Identifier: Apache-2.0
import CKernel
import Glibc
import TLS

/// A thread of the agent's own. Whoever starts one joins it, or lets it go.
///
/// Blocking calls with deadlines on a handful of threads need neither an event loop nor Swift's concurrency runtime,
/// whose pools would cost memory on every node.
struct WorkerThread: ~Copyable {
    /// OpenSSL's handshake takes the most, well below this.
    private static let stackBytes = 512 * 1024

    private let handle: pthread_t
    /// Raised when the body is done. `pthread_clockjoin_np(3)` would do too, but race detectors do not know it.
    private let done: EventSignal

    struct Failure: Error, CustomStringConvertible {
        let code: Int32
        var description: String { unsafe "cannot start a thread: \(String(cString: strerror(code)))" }
    }

    /// - Parameter name: shown by `ps -L` and `top -H`; the kernel keeps 15 bytes of it.
    init(name: String, _ body: @escaping @Sendable () -> Void) throws(Failure) {
        let done: EventSignal
        do throws(SystemFailure) {
            done = try EventSignal()
        } catch {
            throw Failure(code: error.code)
        }
        let box = unsafe Unmanaged.passRetained(
            Body(name: name) {
                body()
                done.raise()
            })
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setstacksize(&attributes, Self.stackBytes)
        var handle = pthread_t()
        let code = unsafe pthread_create(
            &handle, &attributes,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                unsafe CKernel_name_this_thread(String(body.name.prefix(15)))
                body.run()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            unsafe box.release()
            throw Failure(code: code)
        }
        self.handle = handle
        self.done = done
    }

    /// Waits for the thread to end. Once true, the thread is gone and must not be asked again.
    func hasEnded(by deadline: Deadline) -> Bool {
        guard done.isRaised(by: deadline) else { return false }
        pthread_join(handle, nil)
        return true
    }

    consuming func detach() {
        pthread_detach(handle)
    }

    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }
}
