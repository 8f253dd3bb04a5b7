// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing
import Wire

/// Sessions as the fuzzer reads them: bodies, each after two bytes of length. What crashed once stays here.
@Suite("The fuzzer's corpus")
struct CorpusTests {
    static let files: [String] = {
        guard let folder = opendir(Self.folder) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }()

    private static let folder =
        "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/") + "/Corpus"

    private func bodies(_ name: String) throws -> [[UInt8]] {
        let file = try #require(fopen("\(Self.folder)/\(name)", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
        var bodies: [[UInt8]] = []
        var rest = bytes[...]
        while rest.count >= 2 {
            let length = rest.prefix(2).reduce(0) { $0 << 8 | Int($1) }
            bodies.append(Array(rest.dropFirst(2).prefix(length)))
            rest = rest.dropFirst(2 + length)
        }
        return bodies
    }

    /// What each body was, in one word.
    private func outcomes(_ name: String) throws -> [String] {
        var decoder = CheckedDecoder()
        var batch = SampleBatch()
        return try bodies(name).map { body in
            _ = try? AggregatorMessage.decode(body: body)
            do throws(WireError) {
                switch try decoder.decode(body: body, into: &batch) {
                case .hello: return "hello"
                case .samples: return "samples"
                case .resyncNeeded: return "resync"
                case .ignored: return "ignored"
                case .credential: return "credential"
                case .goodbye: return "goodbye"
                }
            } catch { return error.code.rawValue }
        }
    }

    @Test("every case gives an answer", arguments: files)
    func replay(name: String) throws {
        #expect(try !outcomes(name).isEmpty)
    }

    @Test("the corpus is there, and these cases give these answers")
    func knownAnswers() throws {
        let samples = [String](repeating: "samples", count: 5)
        let known = [
            "hello": ["hello"],
            "credential-goodbye": ["credential", "goodbye"],
            "session-1": samples + ["resync", "ignored", "samples"],
            "session-2": samples + ["samples", "samples", "samples", "samples"],
            "entries-of-nothing": ["outOfMemory"],
            "unpacked-columns": ["malformed"],
            "lying-length": ["malformed", "malformed"],
            "overflow": ["samples", "malformed"],
            "not-utf8": ["malformed"],
        ]
        for (name, answers) in known {
            let outcomes = try outcomes(name)
            #expect(outcomes == answers, "\(name)")
        }
    }
}
