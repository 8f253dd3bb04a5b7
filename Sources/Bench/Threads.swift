// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// Threads that may block.
enum Threads {
    /// Runs a body on each of so many threads, and waits for all.
    /// - Parameter body: is given its thread's number, from 0.
    /// - Returns: what each gave, in the order of their numbers.
    /// - Throws: the first that one threw.
    static func run<Value: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int) throws -> Value
    ) throws -> [Value] {
        let runs = (0..<count).map { number in Run { try body(number) } }
        var handles: [pthread_t] = []
        for run in runs {
            var handle = pthread_t()
            let box = Unmanaged.passRetained(run as AnyRun)
            let code = pthread_create(
                &handle, nil,
                { argument in
                    guard let argument else { return nil }
                    Unmanaged<AnyRun>.fromOpaque(argument).takeRetainedValue().run()
                    return nil
                }, box.toOpaque())
            guard code == 0 else {
                box.release()
                throw BenchError("no thread: \(String(cString: strerror(code)))")
            }
            handles.append(handle)
        }
        for handle in handles { pthread_join(handle, nil) }
        return try runs.map { try $0.value() }
    }

    private class AnyRun {
        func run() {}
    }

    private final class Run<Value: Sendable>: AnyRun {
        private let body: @Sendable () throws -> Value
        private let result = Mutex<Result<Value, any Error>?>(nil)

        init(_ body: @escaping @Sendable () throws -> Value) { self.body = body }

        override func run() {
            let value = Result { try body() }
            result.withLock { $0 = value }
        }

        func value() throws -> Value {
            guard let result = result.withLock({ $0 }) else { throw BenchError("a thread has not run") }
            return try result.get()
        }
    }
}
