// SPDX-License-Identifier: Apache-2.0
import Formats
import TLSTestSupport
import Testing

@Suite("Base64 as RFC 4648 has it") struct Base64Tests {
    static let vectors = [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ]

    @Test("the vectors of the RFC, both ways, also without padding", arguments: vectors)
    func knownAnswers(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded.utf8) == Array(plain.utf8))
        #expect(Base64.decode(encoded.utf8.prefix { $0 != 0x3d }) == Array(plain.utf8))
    }

    @Test("any bytes come back")
    func roundTrip() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count &* 11) }
            #expect(Base64.decode(Base64.encode(bytes).utf8) == bytes)
        }
    }

    @Test("every byte in every place is as coreutils has it")
    func everyByte() throws {
        // One more than a multiple of three, so that a byte has another place in each round.
        let bytes = (0..<770).map { UInt8($0 % 256) }
        let directory = TemporaryDirectory()
        let file = directory.write("bytes", bytes)
        #expect(try ChildProcess.check(["base64", "-w", "0", file]) == Base64.encode(bytes))
    }

    @Test("the alphabet for URLs and line breaks are read too")
    func variants() {
        #expect(Base64.decode("-_-_".utf8) == Base64.decode("+/+/".utf8))
        #expect(Base64.decode("Zm9v\r\n \tYmFy\n".utf8) == Array("foobar".utf8))
    }

    @Test(
        "anything else is nothing",
        arguments: ["Z", "Zg=", "Zg==Zg==", "=Zm9", "Zm9vY", "Zg=A", "Zh==", "Zm9=", "Zm9v*", "====", "Z===", "ä"])
    func malformed(text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }
}
