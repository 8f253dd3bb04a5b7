// SPDX-License-Identifier: Apache-2.0

/// What an authorizer needs to know of a request, worked out from the request alone. Fields as in the
/// `SubjectAccessReview` API: a request is for a resource, or else for a path.
public struct RequestAttributes: Sendable, Equatable {
    /// get, list, watch, create, update, patch, delete, deletecollection; for a path the lower-case HTTP method.
    public var verb: String
    /// Decoded path; what a request that is not for a resource is authorized by.
    public var path: String
    /// Empty for the core group; nil when the request is not for a resource. So are the fields that follow.
    public var apiGroup: String?
    public var version: String?
    public var resource: String?
    public var subresource: String?
    /// nil for cluster scope and for all namespaces.
    public var namespace: String?
    /// nil when the request is for a collection.
    public var name: String?

    public var isResourceRequest: Bool { self.resource != nil }

    public init(verb: String, path: String) {
        self.verb = verb
        self.path = path
    }

    public init(
        verb: String, path: String, apiGroup: String, version: String, resource: String, subresource: String? = nil,
        namespace: String? = nil, name: String? = nil
    ) {
        self.verb = verb
        self.path = path
        self.apiGroup = apiGroup
        self.version = version
        self.resource = resource
        self.subresource = subresource
        self.namespace = namespace
        self.name = name
    }
}

extension RequestAttributes {
    /// Mirrors `RequestInfoFactory` of the API server library. A path that does not decode is authorized as it was sent.
    init(_ request: APIRequest) {
        let method = request.method.lowercased()
        let path = PercentEncoding.decode(request.path.utf8, plusIsSpace: false) ?? request.path
        self.init(verb: method, path: path)

        // A deeper path than any resource has: the tail stays in one piece.
        var parts = Self.trimmed(path).split(
            separator: "/", maxSplits: Self.maxParts, omittingEmptySubsequences: false
        ).map(String.init)[...]
        guard parts.count >= 3, let prefix = parts.popFirst(), prefix == "api" || prefix == "apis" else { return }
        var group = ""
        if prefix == "apis" {
            guard parts.count >= 3 else { return }
            group = parts.removeFirst()
        }
        let version = parts.removeFirst()
        var verb = Self.verb(forMethod: request.method)
        if parts.first == "watch" || parts.first == "proxy" {
            guard parts.count >= 2 else { return }
            verb = parts.removeFirst()
        }
        var namespace: String?
        if parts.first == "namespaces", parts.count > 1 {
            namespace = parts[parts.startIndex + 1]
            if parts.count > 2, !["status", "finalize"].contains(parts[parts.startIndex + 2]) {
                parts = parts.dropFirst(2)
            }
        }
        guard let resource = parts.popFirst() else { return }
        var name = parts.popFirst()
        let subresource = verb == "proxy" ? nil : parts.popFirst()

        if (name ?? "").isEmpty {
            name = nil
            if verb == "get" {
                let query = URLQuery(request.query)
                // Options that do not decode leave a list, of everything; the handler refuses them later.
                let options = try? ListOptions(selectorsOf: query)
                verb = options?.watch ?? ListOptions.flag(query["watch"]) ?? false ? "watch" : "list"
                if let wanted = options?.fields.exactMatch("metadata.name"), Self.isPathSegment(wanted) {
                    name = wanted
                }
            } else if verb == "delete" {
                verb = "deletecollection"
            }
        }
        self.init(
            verb: verb, path: path, apiGroup: group, version: version, resource: resource,
            subresource: subresource, namespace: (namespace ?? "").isEmpty ? nil : namespace, name: name)
    }

    /// `apis/GROUP/VERSION/watch/namespaces/NS/RESOURCE/NAME/SUBRESOURCE` and a rest.
    private static let maxParts = 9

    private static func verb(forMethod method: String) -> String {
        switch method {
        case "POST": "create"
        case "GET", "HEAD": "get"
        case "PUT": "update"
        case "PATCH": "patch"
        case "DELETE": "delete"
        default: ""
        }
    }

    private static func isPathSegment(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.utf8.contains { $0 == 0x2f || $0 == 0x25 }
    }

    /// Without leading and trailing slashes.
    static func trimmed(_ path: String) -> Substring {
        var part = path[...].drop { $0 == "/" }
        while part.last == "/" { part.removeLast() }
        return part
    }
}
