// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// How long the client waits for what.
struct KubeTimes: Sendable {
    /// One request, unless its caller says otherwise.
    var request: Duration = .seconds(10)
    /// A page of a list: the server reads it from etcd.
    var list: Duration = .seconds(60)
    /// One address must answer the TCP connect within this time, so that the next one still has a chance.
    var connect: TimeAmount = .seconds(5)
    /// TLS; also all that comes before the request of a watch.
    var handshake: TimeAmount = .seconds(10)
    /// Files with credentials are read again when they were read this long ago: kubelet renews a token at 80 % of its
    /// life, which is 10 minutes at the least.
    var credentialsAge: Duration = .seconds(60)
}
