// SPDX-License-Identifier: Apache-2.0

/// Which end of a connection we are.
public enum TLSRole: Sendable {
    /// The name or address the server's certificate must be for. A DNS name is also sent as SNI; an IP literal is
    /// checked against the certificate's IP addresses and not sent (RFC 6066 §3).
    case client(serverName: String)
    case server
}
