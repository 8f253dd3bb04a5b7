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
