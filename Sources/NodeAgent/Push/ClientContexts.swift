// SPDX-License-Identifier: Apache-2.0
import Synchronization
package import TLS

/// The TLS settings of the connections to come: made anew when the files that they come from have changed. So a CA that is
/// rotated, or a client certificate that is renewed, needs no restart; connections that stand are left alone.
package final class ClientContexts: Sendable {
    package struct Files: Equatable, Sendable {
        var ca: String
        /// Both or none.
        var certificate: String?
        var key: String?

        package init(ca: String, certificate: String?, key: String?) {
            self.ca = ca
            self.certificate = certificate
            self.key = key
        }
    }

    /// What was in the files when the context was made.
    private struct Contents: Equatable {
        var ca: [UInt8]
        var certificate: [UInt8]?
        var key: [UInt8]?
    }

    private let files: Files
    private let alpn: [String]
    private let known = Mutex<(contents: Contents, context: TLSContext)?>(nil)

    package init(files: Files, alpn: [String]) {
        self.files = files
        self.alpn = alpn
    }

    /// Reads the files; blocks.
    /// - Throws: errors name the flag, the file and what it should hold.
    package func current() throws(TLSError) -> TLSContext {
        let contents = Contents(
            ca: try Self.ofCA { () throws(TLSError) in try SmallFile.read(files.ca) },
            certificate: try Self.read(files.certificate), key: try Self.read(files.key))
        if let context = known.withLock({ $0?.contents == contents ? $0?.context : nil }) { return context }
        // From the files, not from what was read, so that errors name them. A change in between is seen the next time.
        let identity = try Self.ofIdentity { () throws(TLSError) -> TLSIdentity? in
            guard let certificate = files.certificate, let key = files.key else { return nil }
            return try TLSIdentity(certificateFile: certificate, keyFile: key)
        }
        let context = try Self.ofCA { () throws(TLSError) in
            try TLSContext.client(trust: .file(files.ca), identity: identity, alpn: alpn)
        }
        known.withLock { $0 = (contents, context) }
        return context
    }

    private static func read(_ path: String?) throws(TLSError) -> [UInt8]? {
        guard let path else { return nil }
        return try ofIdentity { () throws(TLSError) in try SmallFile.read(path) }
    }

    private static func ofCA<Value>(_ load: () throws(TLSError) -> Value) throws(TLSError) -> Value {
        try of(flags: "--ca-file", "the PEM file of the aggregator's CA", load)
    }

    private static func ofIdentity<Value>(_ load: () throws(TLSError) -> Value) throws(TLSError) -> Value {
        try of(flags: "--cert-file and --key-file", "PEM files of the agent's certificate and its key", load)
    }

    /// Says of a file that cannot be used which flags named it, and what they should name.
    private static func of<Value>(
        flags: String, _ wanted: String, _ load: () throws(TLSError) -> Value
    ) throws(TLSError) -> Value {
        do {
            return try load()
        } catch {
            throw TLSError(error.code, "\(flags): \(error.message); name \(wanted)")
        }
    }
}
