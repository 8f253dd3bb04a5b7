// SPDX-License-Identifier: Apache-2.0
import Console
import NIOCore

extension ChannelHandlerContext {
    /// Whom we talk to, for logs: `10.0.0.7:51234`, `[fd00::7]:51234`. An IPv4 peer of a socket for both families is shown
    /// as one (RFC 4291 §2.5.5.2).
    var peerText: String {
        guard let address = remoteAddress, let host = address.ipAddress, let port = address.port else {
            return "unknown"
        }
        let mapped = "::ffff:"
        let isMapped = host.hasPrefix(mapped) && host.contains(".")
        return Endpoint(
            host: isMapped ? String(host.dropFirst(mapped.count)) : host, port: UInt16(clamping: port)
        ).description
    }
}
