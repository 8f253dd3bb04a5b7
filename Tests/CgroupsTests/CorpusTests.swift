// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Cgroups

/// What the fuzzer starts from: real files and names. What crashed once stays there.
@Suite("The fuzzer's corpus")
struct CorpusTests {
    private static let folder =
        "\(#filePath)".split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/Corpus"

    @Test("no parser says what cannot be, of any file, cut anywhere")
    func replay() throws {
        var names: [String] = []
        let directory = try DirectoryHandle(root: Self.folder)
        try directory.forEachEntry { name, _, _ in text(name).map { names.append($0) } }
        #expect(names.count > 20)
        var reader = FileReader()
        for name in names {
            let whole = try reader.whole(name, in: directory) { bytes -> [UInt8]? in bytes.indices.map { bytes[$0] } }
            for end in 0...whole.count {
                let faults = EveryParser.faults(Array(whole[..<end]))
                #expect(faults == [], "\(name), \(end) bytes")
            }
        }
    }
}
