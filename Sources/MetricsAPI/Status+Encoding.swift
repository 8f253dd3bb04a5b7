// SPDX-License-Identifier: Apache-2.0
import Formats

extension Status {
    var json: JSONValue {
        .members(
            ("kind", .string("Status")),
            ("apiVersion", .string("v1")),
            ("metadata", .object([])),
            ("status", .string("Failure")),
            ("message", .string(self.message)),
            ("reason", .string(self.reason)),
            ("details", self.details.map(Self.json)),
            ("code", .int(Int64(self.code))))
    }

    private static func json(_ details: Details) -> JSONValue {
        .members(
            ("name", details.name.isEmpty ? nil : .string(details.name)),
            ("group", details.group.isEmpty ? nil : .string(details.group)),
            ("kind", details.kind.isEmpty ? nil : .string(details.kind)),
            ("causes", details.causes.isEmpty ? nil : .array(details.causes.map(Self.json))),
            ("retryAfterSeconds", details.retryAfterSeconds.map { .int(Int64($0)) }))
    }

    private static func json(_ cause: Cause) -> JSONValue {
        .members(
            ("reason", cause.reason.isEmpty ? nil : .string(cause.reason)),
            ("message", .string(cause.message)),
            ("field", cause.field.isEmpty ? nil : .string(cause.field)))
    }

    /// meta/v1 Status {metadata = 1, status = 2, message = 3, reason = 4, details = 5, code = 6}, details {name = 1,
    /// group = 2, kind = 3, causes = 4 {reason = 1, message = 2, field = 3}, retryAfterSeconds = 5}.
    func writeProtobuf(to out: inout ByteWriter) {
        out.kubernetesEnvelope(apiVersion: "v1", kind: "Status") { out in
            out.message(1) { _ in }
            out.protoString(2, "Failure")
            out.protoString(3, self.message)
            out.protoString(4, self.reason)
            if let details = self.details {
                out.message(5) { out in
                    out.protoString(1, details.name)
                    out.protoString(2, details.group)
                    out.protoString(3, details.kind)
                    for cause in details.causes {
                        out.message(4) { out in
                            out.protoString(1, cause.reason)
                            out.protoString(2, cause.message)
                            out.protoString(3, cause.field)
                        }
                    }
                    out.protoInt(5, Int64(details.retryAfterSeconds ?? 0))
                }
            }
            out.protoInt(6, Int64(self.code))
        }
    }

    /// The answer in the format the client asked for. Where nothing it accepts is served, JSON: an error must not
    /// disappear behind the negotiation.
    func response(accept: String?, pretty: Bool = false, headers: [(String, String)] = []) -> APIResponse {
        let format = Negotiation.format(accept: accept, pretty: pretty, allowing: .nothing) ?? .indentedJSON
        let retry = self.details?.retryAfterSeconds.map { [("Retry-After", String($0))] } ?? []
        return APIResponse(
            status: self.code, format: format, headers: headers + retry, json: self.json, protobuf: self.writeProtobuf)
    }
}

extension APIResponse {
    /// What API servers send with everything but discovery: figures must not be cached on the way.
    static let uncached = ("Cache-Control", "no-cache, private")

    /// A document from a tree, encoded as `format` says.
    init(
        status: Int = 200, format: Format, contentType: String? = nil, headers: [(String, String)] = [],
        json: JSONValue, protobuf: (inout ByteWriter) -> Void
    ) {
        var out = ByteWriter()
        switch format.media {
        case .protobuf: protobuf(&out)
        case .yaml: json.writeYAML(to: &out)
        case .json where format.pretty: json.writeIndented(to: &out)
        case .json:
            json.write(to: &out)
            out.byte(0x0a)
        }
        let caches = headers.contains { $0.0 == "Cache-Control" }
        self.init(
            status: status, contentType: contentType ?? format.media.name,
            headers: caches ? headers : [Self.uncached] + headers, body: out.bytes)
    }
}
