// SPDX-License-Identifier: Apache-2.0

/// A self-signed certificate for `localhost` that ended at 2020-01-02T03:04:05Z, made by openssl, since our own CA makes
/// none that is not valid.
public struct ExpiredCertificate {
    public let certificateFile: String
    public let keyFile: String

    public init(in directory: TemporaryDirectory) throws {
        let (certificate, key) = (directory.file("c.pem"), directory.file("k.pem"))
        let configuration = directory.write(
            "ca.cnf",
            Array(
                """
                [ca]
                default_ca = ca_default
                [ca_default]
                database = \(directory.write("index.txt", []))
                serial = \(directory.write("serial", Array("01\n".utf8)))
                new_certs_dir = \(directory.path)
                default_md = sha256
                policy = policy_any
                x509_extensions = names
                [policy_any]
                commonName = supplied
                [names]
                subjectAltName = DNS:localhost
                """.utf8))
        try ChildProcess.check([
            "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
            "-out", directory.file("c.csr"), "-subj", "/CN=localhost",
        ])
        try ChildProcess.check([
            "openssl", "ca", "-batch", "-notext", "-selfsign", "-config", configuration, "-keyfile",
            key, "-in", directory.file("c.csr"), "-out", certificate, "-startdate", "20200101000000Z", "-enddate",
            "20200102030405Z",
        ])
        (certificateFile, keyFile) = (certificate, key)
    }
}
