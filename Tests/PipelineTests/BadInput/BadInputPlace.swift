// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLS
import TLSTestSupport

/// Files to name on a command line, good and bad, and a node to read.
final class BadInputPlace {
    let node = FixtureNode()
    private let directory = TemporaryDirectory()

    let ca: String
    let certificate: String
    let key: String
    /// The key of another certificate.
    let otherKey: String
    let token: String
    let garbage: String
    let empty: String
    /// Not there.
    let missing: String
    /// Where a file should be.
    let folder: String

    init() {
        node.container(id(1), cpu: 1_000_000, memory: 1024)
        let pki = TestPKI.shared
        ca = directory.write("ca.pem", pki.authority.certificatePEM)
        certificate = directory.write("client.pem", pki.client.certificatePEM)
        key = directory.write("client.key", pki.client.keyPEM)
        otherKey = directory.write("other.key", pki.strangerClient.keyPEM)
        token = directory.write("token", Array("0123456789abcdef0123456789abcdef\n".utf8))
        garbage = directory.write("garbage", (0..<2000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        empty = directory.write("empty", [])
        missing = directory.file("missing")
        folder = directory.file("folder")
        mkdir(folder, 0o700)
    }

    /// A file of this place.
    func write(_ name: String, _ text: String) -> String { directory.write(name, Array(text.utf8)) }

    /// An agent's command line that would do.
    var agent: [String] { self.agent(ca: ca, credential: ["--token-file", token]) }

    func agent(ca: String, credential: [String]) -> [String] {
        [Programs.agent, "--aggregator", "127.0.0.1:\(LoopbackServer.closedPort())", "--ca-file", ca] + credential
            + node.flags
    }
}
