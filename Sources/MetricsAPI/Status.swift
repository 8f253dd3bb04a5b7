// SPDX-License-Identifier: Apache-2.0

/// A refusal or failure: Kubernetes' `Status` object, worded as API servers word it.
struct Status: Error, Equatable {
    struct Cause: Equatable {
        var reason = ""
        var message: String
        var field = ""
    }

    /// Which object it is about. Present and empty is not the same as absent: the body shows the difference.
    struct Details: Equatable {
        var name = ""
        var group = ""
        var kind = ""
        var causes: [Cause] = []
        var retryAfterSeconds: Int?
    }

    var code: Int
    var reason: String
    var message: String
    var details: Details?

    // Errors of the router: `details` is there, but empty.

    static let noSuchEndpoint = Status(
        code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: Details())

    static let methodNotAllowed = Status(
        code: 405, reason: "MethodNotAllowed",
        message: "the server does not allow this method on the requested resource", details: Details())

    static func routerNotAcceptable(available: [String]) -> Status {
        Status(
            code: 406, reason: "NotAcceptable",
            message: "406: Not Acceptable\n\nAvailable representations: \(available.joined(separator: ", "))",
            details: Details())
    }

    static let unsupportedMediaType = Status(
        code: 415, reason: "UnsupportedMediaType", message: "415: Unsupported Media Type", details: Details())

    // Errors of the handlers.

    static func notAcceptable(_ message: String) -> Status {
        Status(code: 406, reason: "NotAcceptable", message: message)
    }

    static let noAcceptableType = Status.notAcceptable(
        "only the following media types are accepted: \(MediaType.allCases.map(\.name).joined(separator: ", "))")

    static func badRequest(_ message: String) -> Status {
        Status(code: 400, reason: "BadRequest", message: message)
    }

    static func notFound(group: String = "", kind: String, name: String) -> Status {
        let resource = group.isEmpty ? kind : "\(kind).\(group)"
        return Status(
            code: 404, reason: "NotFound", message: "\(resource) \(GoText.quote(name)) not found",
            details: Details(name: name, group: group, kind: kind))
    }

    static func watchNotSupported(group: String, resource: String) -> Status {
        let qualified = group.isEmpty ? resource : "\(resource).\(group)"
        return Status(
            code: 405, reason: "MethodNotAllowed",
            message: "watch is not supported on resources of kind \(GoText.quote(qualified))",
            details: Details(group: group, kind: resource))
    }

    /// 422 for options that contradict each other.
    static func invalidListOptions(_ causes: [Cause]) -> Status {
        let texts = causes.map { "\($0.field): \($0.message)" }
        let all = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
        return Status(
            code: 422, reason: "Invalid", message: "ListOptions.meta.k8s.io \"\" is invalid: \(all)",
            details: Details(group: "meta.k8s.io", kind: "ListOptions", causes: causes))
    }

    static let unauthorized = Status(code: 401, reason: "Unauthorized", message: "Unauthorized")

    static func forbidden(_ attributes: RequestAttributes, user: String, reason: String?) -> Status {
        var why = "User \(GoText.quote(user)) cannot \(attributes.verb) "
        let group = attributes.apiGroup ?? ""
        if let resource = attributes.resource {
            let full = attributes.subresource.map { "\(resource)/\($0)" } ?? resource
            why += "resource \(GoText.quote(full)) in API group \(GoText.quote(group)) "
            why += attributes.namespace.map { "in the namespace \(GoText.quote($0))" } ?? "at the cluster scope"
        } else {
            why += "path \(GoText.quote(attributes.path))"
        }
        // The original makes the text safe for browsers, the reason is the authorizer's own.
        why = why.map { $0 == "&" ? "&amp;" : $0 == "<" ? "&lt;" : $0 == ">" ? "&gt;" : String($0) }.joined()
        if let reason, !reason.isEmpty { why += ": \(reason)" }
        guard let resource = attributes.resource else {
            return Status(code: 403, reason: "Forbidden", message: "forbidden: \(why)", details: Details())
        }
        let qualified = group.isEmpty ? resource : "\(resource).\(group)"
        let named = attributes.name.map { " \(GoText.quote($0))" } ?? ""
        return Status(
            code: 403, reason: "Forbidden", message: "\(qualified)\(named) is forbidden: \(why)",
            details: Details(name: attributes.name ?? "", group: group, kind: resource))
    }

    static func requestEntityTooLarge(limitBytes: Int) -> Status {
        Status(
            code: 413, reason: "RequestEntityTooLarge",
            message: "Request entity too large: limit is \(limitBytes)", details: Details())
    }

    static func tooManyRequests(retryAfterSeconds: Int) -> Status {
        Status(
            code: 429, reason: "TooManyRequests", message: "Too many requests, please try again later.",
            details: Details(retryAfterSeconds: retryAfterSeconds))
    }

    static func internalError(_ message: String) -> Status {
        Status(
            code: 500, reason: "InternalError", message: "Internal error occurred: \(message)",
            details: Details(causes: [Cause(message: message)]))
    }

    static func serviceUnavailable(_ message: String, retryAfterSeconds: Int?) -> Status {
        Status(
            code: 503, reason: "ServiceUnavailable", message: message,
            details: retryAfterSeconds.map { Details(retryAfterSeconds: $0) })
    }
}
