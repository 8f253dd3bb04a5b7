// SPDX-License-Identifier: Apache-2.0
import TLS

/// What a connection and a request need of a configuration, as its files were when they were read.
struct CredentialSet: Sendable {
    /// Longest bearer token, in bytes: what the API server still takes in a header, by far.
    static let longestToken = 64 << 10

    let context: TLSContext
    /// Without the white space around it.
    let token: String?
    /// What the context was made of, to see whether it changed.
    private let material: [[UInt8]]

    /// Blocking disk reads and public-key work.
    ///
    /// - Parameter previous: its context is kept if nothing it was made of has changed.
    /// - Throws: naming the file.
    static func load(_ configuration: KubeConfiguration, previous: CredentialSet? = nil) throws(TLSError)
        -> CredentialSet
    {
        let token = try configuration.token.map(readToken)
        var material = [try read(configuration.authority)]
        if let identity = configuration.clientIdentity {
            material += [try read(identity.certificate), try read(identity.key)]
        }
        if let previous, previous.material == material {
            return CredentialSet(context: previous.context, token: token, material: material)
        }
        return CredentialSet(context: try makeContext(configuration, material), token: token, material: material)
    }

    private static func makeContext(
        _ configuration: KubeConfiguration, _ material: [[UInt8]]
    ) throws(TLSError) -> TLSContext {
        do throws(TLSError) {
            let identity =
                material.count == 3 ? try TLSIdentity(certificatePEM: material[1], keyPEM: material[2]) : nil
            return try .client(trust: .pem(material[0]), identity: identity, alpn: ["http/1.1"])
        } catch {
            var files: [String] = []
            if case .file(let path) = configuration.authority { files.append(path) }
            if case .file(let path)? = configuration.clientIdentity?.certificate { files.append(path) }
            throw files.isEmpty ? error : error.prefixed(files.joined(separator: ", "))
        }
    }

    static func read(_ source: KubeConfiguration.Source) throws(TLSError) -> [UInt8] {
        switch source {
        case .bytes(let bytes): return bytes
        case .file(let path): return try SmallFile.read(path)
        }
    }

    private static func readToken(_ source: KubeConfiguration.Source) throws(TLSError) -> String {
        let text = String(decoding: try read(source), as: UTF8.self).trimmed
        let name = if case .file(let path) = source { path } else { "the token" }
        guard !text.isEmpty else { throw TLSError(.fileUnreadable, "\(name) is empty") }
        // It goes into a header: a line break in it would end that.
        guard text.utf8.count <= longestToken, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw TLSError(.fileUnreadable, "\(name) is not a token: one word of ASCII")
        }
        return text
    }
}
