// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing

@testable import Aggregator

@Suite("A certificate that somebody else renews")
struct CertificateFilesTests {
    private let directory = TemporaryDirectory()
    private let log = LogCapture()
    private let contexts: ServingContexts
    private let files: CertificateFiles

    init() throws {
        contexts = try ServingContexts(identity: TestPKI.shared.serverIdentity(), isTemporary: true)
        files = CertificateFiles(
            certificateFile: "\(directory.path)/tls.crt", keyFile: "\(directory.path)/tls.key", contexts: contexts,
            logger: log.logger, interval: .milliseconds(5))
    }

    private func leaf(_ authority: CertificateAuthority) throws -> (certificatePEM: [UInt8], keyPEM: [UInt8]) {
        try authority.issue(.init(commonName: "x", dnsNames: ["localhost"], usage: .server, validFor: .seconds(3600)))
    }

    private func write(_ leaf: (certificatePEM: [UInt8], keyPEM: [UInt8])) {
        _ = directory.write("tls.crt", leaf.certificatePEM)
        _ = directory.write("tls.key", leaf.keyPEM)
    }

    private func isServed(by authority: CertificateAuthority) throws -> Bool {
        let pair = try EnginePair(
            client: .client(trust: .pem(authority.certificatePEM), alpn: ["h2"]), server: contexts.api)
        pair.handshake()
        return pair.clientError == nil
    }

    private func running(_ body: () async throws -> Void) async throws {
        let task = Task { await files.run() }
        let result = await Result { () async throws in try await body() }
        task.cancel()
        await task.value
        try result.get()
    }

    @Test("it is served, and again when both files have changed; a pair that does not fit changes nothing")
    func reload() async throws {
        let (ours, other) = (TestPKI.shared.authority, TestPKI.shared.stranger)
        write(try leaf(ours))
        try await running {
            #expect(try await eventually { !contexts.isTemporary })
            #expect(try isServed(by: ours))
            let renewed = try leaf(other)
            _ = directory.write("tls.crt", renewed.certificatePEM)
            #expect(try await eventually { !log.lines(with: "warning").isEmpty })
            #expect(try isServed(by: ours))
            _ = directory.write("tls.key", renewed.keyPEM)
            #expect(try await eventually { try isServed(by: other) })
        }
        #expect(log.lines(with: "info serving the certificate of a file").count == 2)
        #expect(log.lines(with: "warning the certificate's files cannot be used").count == 1)
    }

    @Test("what is wrong is said once, with the file's name, and what is served stays")
    func wrong() async throws {
        write(try leaf(TestPKI.shared.authority))
        try await running {
            #expect(try await eventually { !contexts.isTemporary })
            _ = directory.write("tls.crt", [])
            #expect(try await eventually { !log.lines(with: "warning").isEmpty })
            try await Task.sleep(for: .milliseconds(30))
        }
        let warnings = log.lines(with: "warning")
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("\(directory.path)/tls.crt") == true, "\(warnings)")
        #expect(try isServed(by: TestPKI.shared.authority))
    }

    @Test("a file that is missing at the start is named")
    func missing() {
        #expect(tlsError { try files.identity() }?.message.contains("\(directory.path)/tls.crt") == true)
    }
}
