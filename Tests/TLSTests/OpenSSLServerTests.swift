// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing

private let pki = TestPKI.shared

private func soon() -> Deadline { .after(milliseconds: 20_000) }

/// TLSStream against `openssl s_server`.
@Suite struct OpenSSLServerTests {
    private func start(_ options: [String], in directory: TemporaryDirectory) throws -> (ChildProcess, SocketAddress) {
        let files = pki.writeServer(to: directory)
        let process = try ChildProcess(
            [
                "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", files.certificate, "-key", files.key,
                "-CAfile", files.ca,
            ] + options)
        try process.expect("ACCEPT 127.0.0.1:")
        try process.expect("\n")
        let digits = process.text.split(separator: "ACCEPT 127.0.0.1:")[1].prefix { $0.isNumber }
        let port = try #require(UInt16(digits))
        return (process, try #require(SocketAddress(ipLiteral: "127.0.0.1", port: port)))
    }

    @Test("Both TLS versions, ALPN and an echo", arguments: [("-tls1_3", "TLSv1.3"), ("-tls1_2", "TLSv1.2")])
    func versions(option: String, version: String) throws {
        let directory = TemporaryDirectory()
        let (process, address) = try start([option, "-rev", "-alpn", "a,b"], in: directory)
        var stream = try TLSStream.connect(
            address: address, context: pki.clientContext(alpn: ["b", "a"]), serverName: "localhost", deadline: soon())
        #expect(stream.protocolVersion == version)
        #expect(stream.negotiatedALPN == "a")
        try stream.write(Array("abc\n".utf8), deadline: soon())
        var bytes: [UInt8] = []
        while bytes.count < 4 { _ = try stream.read(into: &bytes, maximum: 100, deadline: soon()) }
        #expect(bytes == Array("cba\n".utf8))
        stream.close(deadline: soon())
        withExtendedLifetime(process) {}
    }

    @Test("A version below 1.2 is refused")
    func oldVersion() throws {
        let directory = TemporaryDirectory()
        let (process, address) = try start(["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], in: directory)
        let error = tlsError {
            try TLSStream.connect(
                address: address, context: pki.clientContext(), serverName: "localhost", deadline: soon())
        }
        #expect(error?.code == .handshakeFailed)
        withExtendedLifetime(process) {}
    }

    @Test("A TLS 1.2 suite without forward secrecy is refused")
    func weakSuite() throws {
        let directory = TemporaryDirectory()
        let (process, address) = try start(["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA384"], in: directory)
        let error = tlsError {
            try TLSStream.connect(
                address: address, context: pki.clientContext(), serverName: "localhost", deadline: soon())
        }
        #expect(error?.code == .handshakeFailed)
        withExtendedLifetime(process) {}
    }

    @Test("A client certificate is presented when asked for", arguments: ["-tls1_3", "-tls1_2"])
    func clientCertificate(option: String) throws {
        let directory = TemporaryDirectory()
        let (process, address) = try start(
            [option, "-Verify", "2", "-verify_return_error", "-naccept", "1"], in: directory)
        var stream = try TLSStream.connect(
            address: address, context: pki.clientContext(identity: pki.clientIdentity()), serverName: "127.0.0.1",
            deadline: soon())
        try stream.write(Array("to the terminal\n".utf8), deadline: soon())
        try process.expect("to the terminal")
        stream.close(deadline: soon())
        #expect(process.text.contains("CN = system:node:a"))
    }

    @Test("Key updates are answered while we only read")
    func keyUpdate() throws {
        let directory = TemporaryDirectory()
        let (process, address) = try start(["-tls1_3"], in: directory)
        var stream = try TLSStream.connect(
            address: address, context: pki.clientContext(), serverName: "localhost", deadline: soon())
        // K: update both sides' keys. What arrives together with a command is lost, so the line is sent until it comes.
        process.write("K\n")
        var bytes: [UInt8] = []
        for _ in 0..<50 where bytes.isEmpty {
            let error = tlsError { try stream.read(into: &bytes, maximum: 100, deadline: .after(milliseconds: 200)) }
            if let error { #expect(error.code == .timedOut) }
            process.write("after\n")
        }
        #expect(bytes.starts(with: Array("after\n".utf8)))
        try stream.write(Array("from the client\n".utf8), deadline: soon())
        try process.expect("from the client")
        #expect(!process.text.contains("ERROR"))
    }
}
