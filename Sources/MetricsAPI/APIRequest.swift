// SPDX-License-Identifier: Apache-2.0

/// An HTTP request as far as this layer cares. Everything in it is the client's word: nothing is trusted.
public struct APIRequest: Sendable, Equatable {
    public var method: String
    /// Percent-encoded path, without the query.
    public var path: String
    /// Raw query, without the question mark.
    public var query: String?
    public var accept: String?
    /// Not read here: compression belongs to the server, which sees the whole body.
    public var acceptEncoding: String?
    public var ifNoneMatch: String?
    public var userAgent: String?

    public init(
        method: String, path: String, query: String? = nil, accept: String? = nil, acceptEncoding: String? = nil,
        ifNoneMatch: String? = nil, userAgent: String? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.accept = accept
        self.acceptEncoding = acceptEncoding
        self.ifNoneMatch = ifNoneMatch
        self.userAgent = userAgent
    }
}

/// A complete answer. `headers` leaves out Content-Type (in `contentType`) and Content-Length (the server's).
public struct APIResponse: Sendable {
    public var status: Int
    public var contentType: String
    public var headers: [(String, String)]
    public var body: [UInt8]

    public init(status: Int, contentType: String, headers: [(String, String)], body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }

    /// The first header of that name, compared without regard to ASCII case.
    public func header(_ name: String) -> String? {
        self.headers.first { $0.0.lowercased() == name.lowercased() }?.1
    }
}

/// What `/version` answers; field meanings as in apimachinery's `version.Info`.
public struct VersionInfo: Sendable, Equatable {
    public var major: String
    public var minor: String
    /// Semantic version with a leading "v": clients parse it.
    public var gitVersion: String
    public var gitCommit: String
    public var gitTreeState: String
    public var buildDate: String
    public var compiler: String
    /// "linux/amd64".
    public var platform: String

    public init(
        major: String, minor: String, gitVersion: String, gitCommit: String = "", gitTreeState: String = "",
        buildDate: String = "", compiler: String = "swift", platform: String
    ) {
        self.major = major
        self.minor = minor
        self.gitVersion = gitVersion
        self.gitCommit = gitCommit
        self.gitTreeState = gitTreeState
        self.buildDate = buildDate
        self.compiler = compiler
        self.platform = platform
    }
}
