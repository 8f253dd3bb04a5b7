// SPDX-License-Identifier: Apache-2.0

/// Why a connection or a request on it failed, and what that says about trying again.
struct ExchangeFailure: Error {
    let error: KubeError
    /// The request may have reached the server.
    var mayHaveArrived = false
    /// Some of the answer has come.
    var isAnswered = false
    /// The server's certificate did not lead to our CA: the CA may have been rotated.
    var isVerification = false

    init(_ code: KubeError.Code, _ message: String) { error = KubeError(code, message) }

    init(_ error: KubeError) { self.error = error }
}
