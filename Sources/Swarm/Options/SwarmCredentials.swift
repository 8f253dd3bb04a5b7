// SPDX-License-Identifier: Apache-2.0
import Console
import NodeAgent
import TLS
import Wire

/// What the simulated agents show: one token or certificate for all nodes, or one each where the file's name has `{node}`.
struct SwarmCredentials: Sendable {
    /// One, or one a node.
    private let contexts: [TLSContext]
    /// None, one, or one a node.
    private let tokens: [String]

    /// Reads the files; blocks.
    /// - Throws: `FlagError`, and errors of the files' own that name their flags.
    init(caFile: String, tokenFile: String?, certificateFile: String?, keyFile: String?, nodes: Int) throws {
        guard (certificateFile == nil) == (keyFile == nil) else {
            throw FlagError("--cert-file and --key-file go together; one of them is missing")
        }
        guard tokenFile != nil || certificateFile != nil else {
            throw FlagError("--token-file is missing; or give --cert-file and --key-file")
        }
        func template(_ flag: String, _ text: String) throws(FlagError) -> NameTemplate {
            do throws(FlagError) { return try NameTemplate(text, known: [.node]) } catch { throw error.of(flag: flag) }
        }
        tokens =
            try tokenFile.map { text in
                let file = try template("--token-file", text)
                return try (0..<(file.has(.node) ? nodes : 1)).map {
                    try CredentialFile(path: file.text(node: $0)).read()
                }
            } ?? []
        let certificate = try certificateFile.map { try template("--cert-file", $0) }
        let key = try keyFile.map { try template("--key-file", $0) }
        let isEach = certificate?.has(.node) == true || key?.has(.node) == true
        contexts = try (0..<(isEach ? nodes : 1)).map { node in
            try ClientContexts(
                files: .init(ca: caFile, certificate: certificate?.text(node: node), key: key?.text(node: node)),
                alpn: [PushProtocol.alpn]
            ).current()
        }
    }

    func context(node: Int) -> TLSContext { contexts.count == 1 ? contexts[0] : contexts[node] }

    /// Empty when the certificate speaks for the node.
    func token(node: Int) -> String { tokens.count > 1 ? tokens[node] : tokens.first ?? "" }
}
