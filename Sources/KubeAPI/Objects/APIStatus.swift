// SPDX-License-Identifier: Apache-2.0
import CKubeProto
import Formats

/// What the API server says when it does not do what was asked (meta/v1 Status), in protobuf or JSON.
struct APIStatus: Equatable {
    /// Text of a peer goes into our messages no longer than this, in bytes; a server's own texts are a line or two.
    static let longestMessage = 1024

    var message = ""
    /// One word, such as `Expired` or `AlreadyExists`.
    var reason = ""
    /// As in HTTP; 0 when not said.
    var code = 0
    var retryAfterSeconds: Int?

    /// - Parameter object: without the envelope.
    init(protobuf object: RawSpan) throws(KubeDecodingError) {
        self = unsafe try unpack(object, kube__status__unpack) { (message) throws(KubeDecodingError) in
            var status = APIStatus()
            status.message = Self.printable(try unsafe message.pointee.message.text("the message"))
            status.reason = Self.printable(try unsafe message.pointee.reason.text("the reason"))
            status.code = unsafe Int(message.pointee.code)
            if let details = unsafe message.pointee.details?.pointee, unsafe details.has_retry_after_seconds != 0 {
                status.retryAfterSeconds = unsafe Int(details.retry_after_seconds)
            }
            return status
        }
    }

    /// Any answer's body: nil when it holds no Status, but a proxy's page, say.
    init?(body: RawSpan) {
        if Envelope.isThere(body) {
            guard let envelope = try? Envelope(body), body.holds(envelope.kind, "Status"),
                let status = try? APIStatus(protobuf: body.extracting(envelope.object))
            else { return nil }
            self = status
        } else {
            guard let status = JSONValue(body), status["kind"]?.text == "Status" else { return nil }
            message = Self.printable(status["message"]?.text ?? "")
            reason = Self.printable(status["reason"]?.text ?? "")
            code = Int(clamping: status["code"]?.integer ?? 0)
            retryAfterSeconds = (status["details"]?["retryAfterSeconds"]?.integer).map { Int(clamping: $0) }
        }
    }

    private init() {}

    /// A peer's text, fit for one line of a log.
    static func printable(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        var bytes = 0
        for scalar in text.unicodeScalars {
            bytes += UTF8.width(scalar)
            if bytes > longestMessage { break }
            let isControl = scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
            line.append(isControl ? " " : scalar)
        }
        return String(line)
    }
}

extension JSONValue {
    /// An answer's body; the caller has bounded it.
    init?(_ body: RawSpan) {
        self.init(parsing: unsafe body.withUnsafeBytes { unsafe Array($0) })
    }
}
