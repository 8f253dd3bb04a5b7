// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// Process-wide OpenSSL: set up once, and its per-thread error queue turned into values.
enum OpenSSLLibrary {
    /// No configuration file: what the process trusts and allows is in this target, not in /etc/ssl/openssl.cnf.
    /// No atexit handler: other threads may still be inside OpenSSL while the process exits.
    private static let initialized: Bool = {
        let options =
            UInt64(OPENSSL_INIT_NO_LOAD_CONFIG) | UInt64(OPENSSL_INIT_NO_ATEXIT)
            | UInt64(OPENSSL_INIT_LOAD_SSL_STRINGS) | UInt64(OPENSSL_INIT_LOAD_CRYPTO_STRINGS)
        return OPENSSL_init_ssl(options, nil) == 1
    }()

    /// Call before the first OpenSSL function of every entry point; cheap after the first time.
    static func ensureInitialized() throws(TLSError) {
        guard initialized else {
            throw TLSError(.resourceExhausted, "OpenSSL cannot initialize; is libssl 3 installed completely?")
        }
        ERR_clear_error()
    }
}

/// One entry of OpenSSL's error queue.
struct OpenSSLFailure {
    /// ERR_LIB_*: who failed.
    let library: Int32
    /// Library-specific reason, such as `SSL_R_HTTP_REQUEST`.
    let reason: Int32
    /// OpenSSL's words for it.
    let text: String

    /// Empties this thread's queue, oldest entry (the root cause) first.
    ///
    /// Must run on the thread of the failed call, before anything else is called that may use OpenSSL.
    static func drain() -> [OpenSSLFailure] {
        var failures: [OpenSSLFailure] = []
        while true {
            let code = ERR_get_error()
            if code == 0 { return failures }
            let text = unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) }
            failures.append(
                OpenSSLFailure(
                    library: ERR_GET_LIB(code), reason: ERR_GET_REASON(code), text: text ?? "error \(code)"))
        }
    }

    /// Empties this thread's queue before a call whose failure is to be told. It is empty nearly always, and then a look
    /// costs a fraction of clearing its sixteen places.
    static func clear() {
        if ERR_peek_error() != 0 { ERR_clear_error() }
    }

    /// Empties the queue and says it in one line.
    static func drainedText() -> String {
        let failures = drain()
        return failures.isEmpty ? "no reason given" : failures.map(\.text).joined(separator: "; ")
    }
}
