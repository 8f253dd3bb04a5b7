// SPDX-License-Identifier: Apache-2.0
import TLSTestSupport
import Testing

@testable import Aggregator

@Suite("Base64")
struct Base64Tests {
    @Test(
        "the vectors of RFC 4648 §10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func vectors(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
    }

    @Test("every byte in every place is as coreutils has it")
    func everyByte() throws {
        // One more than a multiple of three, so that a byte has another place in each round.
        let bytes = (0..<770).map { UInt8($0 % 256) }
        let directory = TemporaryDirectory()
        let file = directory.write("bytes", bytes)
        #expect(try ChildProcess.check(["base64", "-w", "0", file]) == Base64.encode(bytes))
    }
}
