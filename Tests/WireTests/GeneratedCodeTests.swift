// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite("Generated code")
struct GeneratedCodeTests {
    static let isInstalled = system("command -v protoc-c >/dev/null 2>&1") == 0

    /// The checkout this file is in, also when it was reached through a link.
    static let root: String? = {
        guard let path = realpath(#filePath, nil) else { return nil }
        defer { free(path) }
        return String(cString: path).split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
            .joined(separator: "/")
    }()

    @Test(
        "Sources/CWire is what wire.proto gives",
        .enabled(if: isInstalled, "protoc-c is not installed; on Debian: apt-get install protobuf-c-compiler"))
    func isCurrent() throws {
        let root = try #require(Self.root)
        #expect(system("'\(root)/scripts/generate-wire' --check") == 0)
    }

    @Test("a stale file is found, and nothing is changed", .enabled(if: isInstalled, "protoc-c is not installed"))
    func findsStale() throws {
        let root = try #require(Self.root)
        // A copy of the three folders, with one field renamed.
        let script = """
            set -e; t=$(mktemp -d); trap 'rm -rf "$t"' EXIT; cd '\(root)'
            mkdir "$t/Sources"; cp -r scripts "$t/"; cp -r Sources/Wire Sources/CWire "$t/Sources/"
            sed -i 's/bool born = 8;/bool bred = 8;/' "$t/Sources/Wire/wire.proto"
            cp "$t/Sources/CWire/wire.pb-c.c" "$t/before"
            ! "$t/scripts/generate-wire" --check 2>"$t/message"
            grep -q 'run scripts/generate-wire' "$t/message"
            cmp "$t/before" "$t/Sources/CWire/wire.pb-c.c"
            "$t/scripts/generate-wire"; "$t/scripts/generate-wire" --check
            """
        #expect(system(script) == 0)
    }
}
