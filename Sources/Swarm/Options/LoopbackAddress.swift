// SPDX-License-Identifier: Apache-2.0
import Console
import TLS

enum LoopbackAddress {
    /// An address of this machine alone, in numbers: what a name leads to is not for us to say. Nothing else is put under
    /// load.
    static func parse(_ text: String) throws(FlagError) -> SocketAddress {
        let endpoint = try Endpoint.parse(text)
        guard endpoint.host.hasPrefix("127.") || endpoint.host == "::1",
            let address = SocketAddress(ipLiteral: endpoint.host, port: endpoint.port)
        else {
            throw FlagError(
                "\"\(text)\" is not a loopback address in numbers, and nothing else is put under load; "
                    + "write 127.0.0.1:PORT or [::1]:PORT")
        }
        return address
    }
}
