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
        "Sources/CWire and Sources/CKubeProto are what the .proto files give",
        .enabled(if: isInstalled, "protoc-c is not installed; on Debian: apt-get install protobuf-c-compiler"))
    func isCurrent() throws {
        let root = try #require(Self.root)
        #expect(system("'\(root)/scripts/generate-protobuf' --check") == 0)
    }

    @Test(
        "a stale file is found, and nothing is changed", .enabled(if: isInstalled, "protoc-c is not installed"),
        arguments: [
            ("Wire/wire.proto", "CWire", "bool born = 8;", "bool bred = 8;"),
            ("KubeAPI/kube.proto", "CKubeProto", "bytes node_name = 10;", "bytes node_name = 11;"),
        ])
    func findsStale(proto: String, target: String, before: String, after: String) throws {
        let root = try #require(Self.root)
        // A copy of the folders, with one field changed.
        let script = """
            set -e; t=$(mktemp -d); trap 'rm -rf "$t"' EXIT; cd '\(root)'
            mkdir "$t/Sources"; cp -r scripts "$t/"
            cp -r Sources/Wire Sources/CWire Sources/KubeAPI Sources/CKubeProto "$t/Sources/"
            sed -i 's/\(before)/\(after)/' "$t/Sources/\(proto)"
            cp -r "$t/Sources/\(target)" "$t/before"
            ! "$t/scripts/generate-protobuf" --check 2>"$t/message"
            grep -q 'Sources/\(target)/.* run scripts/generate-protobuf' "$t/message"
            diff -r "$t/before" "$t/Sources/\(target)"
            "$t/scripts/generate-protobuf"; "$t/scripts/generate-protobuf" --check
            """
        #expect(system(script) == 0)
    }
}
