// SPDX-License-Identifier: Apache-2.0

/// An answer. `headers` leaves out Content-Type (in `contentType`) and what frames the body (the server's).
public struct APIResponse: Sendable {
    public var status: Int
    public var contentType: String
    public var headers: [(String, String)]
    public var body: ResponseBody

    public init(status: Int, contentType: String, headers: [(String, String)], body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = .bytes(body)
    }

    public init(
        status: Int = 200, contentType: String, headers: [(String, String)], stream: any BodyStream
    ) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = .stream(stream)
    }

    /// The first header of that name, compared without regard to ASCII case.
    public func header(_ name: String) -> String? {
        self.headers.first { $0.0.lowercased() == name.lowercased() }?.1
    }
}
