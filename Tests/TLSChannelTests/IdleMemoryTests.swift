// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore
import NIOPosix
import TLS
import TLSChannel
import TLSTestSupport
import Testing

private let pki = TestPKI.shared

/// A measurement, not a check: run alone with
/// `TLS_MEASURE=1 swift test --filter IdleMemoryTests`.
@Suite(.enabled(if: getenv("TLS_MEASURE") != nil)) struct IdleMemoryTests {
    /// Holds connections open from another process until its input ends.
    private static let client = """
        import socket, ssl, sys
        port, count, ca = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
        context = ssl.create_default_context(cafile=ca)
        held = []
        for _ in range(count):
            s = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost")
            s.sendall(b"x" * 3000)
            got = 0
            while got < 3000: got += len(s.recv(4096))
            held.append(s)
        print("held", flush=True)
        sys.stdin.read()
        """

    @Test("Memory of an idle server connection that has carried data")
    func idleConnection() async throws {
        let server = try await LoopbackChannel(pki.serverContext(), .echo)
        let directory = TemporaryDirectory()
        let ca = pki.writeServer(to: directory).ca
        let script = directory.write("hold.py", Array(Self.client.utf8))
        func hold(_ count: Int) throws -> ChildProcess {
            let process = try ChildProcess(["python3", script, "\(server.port)", "\(count)", ca])
            try process.expect("held", within: 60_000)
            return process
        }
        // The first connections also pay for what is made once.
        let first = try hold(50)
        let before = try anonymousBytes()
        let count = 500
        let second = try hold(count)
        let after = try anonymousBytes()
        print("anonymous memory per idle connection: \((after - before) / count) bytes")
        _ = try first.finish()
        _ = try second.finish()
        try await server.stop()
    }

    private func anonymousBytes() throws -> Int {
        let text = String(decoding: TemporaryDirectory.read("/proc/self/smaps_rollup"), as: UTF8.self)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("Anonymous:") })
        return try #require(Int(line.split(separator: " ")[1])) * 1024
    }
}
