// SPDX-License-Identifier: Apache-2.0
import TLSTestSupport
import Testing

@testable import Aggregator

@Suite("Names of nodes")
struct NodeNamesTests {
    private func read(_ text: String) throws -> [String] {
        let directory = TemporaryDirectory()
        return try NodeNames.read(file: directory.write("names", Array(text.utf8)))
    }

    private func complaint(_ text: String) -> String? {
        do {
            _ = try read(text)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("a line each, with or without a last newline, blank lines and spaces left out")
    func lines() throws {
        #expect(try read("a\nb") == ["a", "b"])
        #expect(try read("a.example\r\n\n  b-1\t\nc,d, e\n") == ["a.example", "b-1", "c", "d", "e"])
    }

    @Test("more names than fit into an argument")
    func many() throws {
        let names = (0..<20_000).map { "node-with-a-usual-name-\($0)" }
        #expect(try read(names.joined(separator: "\n")) == names)
    }

    @Test("what no node can be called is an error that names the line", arguments: ["a b", "ä", "a\0", "\u{7F}"])
    func noName(name: String) {
        let text = complaint("n1\nn2\n\(name)\n")
        #expect(text?.hasPrefix("--node-names-file: line 3 of ") == true, "\(text ?? "")")
        #expect(complaint(String(repeating: "a", count: 254)) != nil)
    }

    @Test("no file, and none in it, are errors that name the flag")
    func none() {
        #expect(complaint("\n , \n")?.contains("names no node") == true)
        #expect(throws: StartupError.self) { try NodeNames.read(file: "/nonexistent/names") }
    }

    @Test("five are shown, and the number of the others")
    func shown() {
        #expect(NodeNames.shown(["a"]) == "a")
        #expect(NodeNames.shown(["a", "b", "c", "d", "e"]) == "a, b, c, d, e")
        #expect(NodeNames.shown((1...7).map { "n\($0)" }) == "n1, n2, n3, n4, n5 and 2 more")
    }
}
