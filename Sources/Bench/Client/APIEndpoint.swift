// SPDX-License-Identifier: Apache-2.0
import TLS

/// Where an aggregator answers, and how who asks shows who it is.
struct APIEndpoint: Sendable {
    let address: SocketAddress
    let context: TLSContext
    /// That the aggregator's certificate must have.
    let serverName: String
    /// Header lines, each with its end.
    let credentials: String

    func connect(deadline: Deadline) throws -> APIConnection {
        let stream = try TLSStream.connect(
            address: address, context: context, serverName: serverName, deadline: deadline)
        return APIConnection(stream: stream, headers: "Host: \(serverName)\r\n\(credentials)")
    }
}
