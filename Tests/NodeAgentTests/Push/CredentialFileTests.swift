// SPDX-License-Identifier: Apache-2.0
import TLSTestSupport
import Testing
import Wire

@testable import NodeAgent

@Suite("The token file")
struct CredentialFileTests {
    private let directory = TemporaryDirectory()

    private func read(_ bytes: [UInt8]) throws -> String {
        try CredentialFile(path: directory.write("token", bytes)).read()
    }

    private func failure(_ bytes: [UInt8]) throws -> String {
        try message(directory.write("token", bytes))
    }

    private func message(_ path: String) throws -> String {
        do {
            let token = try CredentialFile(path: path).read()
            Issue.record("\(path) gave \(token)")
            return ""
        } catch {
            return error.description
        }
    }

    @Test(
        "white space around the token is not part of it",
        arguments: ["t0ken.a-b_c", "t0ken.a-b_c\n", " \t\r\n t0ken.a-b_c \r\n\n"])
    func trims(_ text: String) throws {
        #expect(try read(Array(text.utf8)) == "t0ken.a-b_c")
    }

    @Test("a token as long as the protocol allows is read whole, a longer one is refused")
    func longest() throws {
        let longest = [UInt8](repeating: UInt8(ascii: "x"), count: WireLimits.tokenBytes)
        #expect(try read(longest).utf8.count == WireLimits.tokenBytes)
        #expect(try read(longest + [0x0a]).utf8.count == WireLimits.tokenBytes)
        let tooLong = longest + [UInt8(ascii: "x")]
        #expect(try failure(tooLong).contains("is larger than a token can be"))
        let huge = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        #expect(try failure(huge).contains("is larger than a token can be"))
    }

    @Test("nothing, or nothing but white space, is no token", arguments: ["", "\n", " \t \r\n"])
    func empty(_ text: String) throws {
        #expect(try failure(Array(text.utf8)).contains("is empty"))
    }

    @Test(
        "two words, control characters and bytes beyond ASCII are no token",
        arguments: [
            Array("two words".utf8), Array("a\nb".utf8), [0x61, 0x00, 0x62], [0x61, 0x7f, 0x62], [0xff, 0xfe],
            Array("tokén".utf8),
        ])
    func binary(_ bytes: [UInt8]) throws {
        #expect(try failure(bytes).contains("holds more than one word of ASCII"))
    }

    @Test("what cannot be read is named with its cause and the flag")
    func unreadable() throws {
        let missing = directory.file("nowhere")
        let text = try message(missing)
        #expect(text.hasPrefix("--token-file: \(missing) cannot be read: No such file or directory"))
        #expect(text.hasSuffix("name the file that holds the agent's token"))
        #expect(try message(directory.path).contains("cannot be read: Is a directory"))
        #expect(try message("").contains("cannot be read"))
    }

    @Test("a named pipe that nobody writes to does not hang the agent")
    func pipe() throws {
        let path = directory.file("pipe")
        try ChildProcess.check(["mkfifo", path])
        #expect(try message(path).contains("is empty"))
    }
}
