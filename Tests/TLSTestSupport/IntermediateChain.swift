// SPDX-License-Identifier: Apache-2.0
public import TLS

/// root → middle → leaf, made by openssl, since our own CA signs leaves only. The leaf is for `localhost` and has no
/// extended key usage, so it may be a server's or a client's.
public struct IntermediateChain {
    public let rootPEM: [UInt8]
    public let intermediatePEM: [UInt8]
    public let leafPEM: [UInt8]
    public let leafKeyPEM: [UInt8]

    public init(in directory: TemporaryDirectory) throws {
        let request = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-x509"]
        func make(_ name: String, _ signer: String?, _ extensions: [String]) throws -> (pem: [UInt8], key: [UInt8]) {
            let (certificate, key) = (directory.file("\(name).pem"), directory.file("\(name).key"))
            let issuer = signer.map { ["-CA", directory.file("\($0).pem"), "-CAkey", directory.file("\($0).key")] }
            try ChildProcess.check(
                request + (issuer ?? []) + ["-keyout", key, "-out", certificate, "-subj", "/CN=\(name)", "-days", "1"]
                    + extensions.flatMap { ["-addext", $0] })
            return (TemporaryDirectory.read(certificate), TemporaryDirectory.read(key))
        }
        rootPEM = try make("root", nil, []).pem
        intermediatePEM = try make("middle", "root", ["basicConstraints=critical,CA:TRUE"]).pem
        (leafPEM, leafKeyPEM) = try make(
            "leaf", "middle", ["subjectAltName=DNS:localhost", "basicConstraints=critical,CA:FALSE"])
    }

    /// The leaf with its intermediate, and its key.
    public var identity: TLSIdentity {
        get throws { try TLSIdentity(certificatePEM: leafPEM + intermediatePEM, keyPEM: leafKeyPEM) }
    }
}
