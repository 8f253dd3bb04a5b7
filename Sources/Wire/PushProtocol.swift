// SPDX-License-Identifier: Apache-2.0

/// What both ends of a push session agree on before the first frame.
public enum PushProtocol {
    /// The version an agent names in its ``Hello``. The aggregator rejects any other.
    public static let protocolVersion: UInt32 = 1

    /// The name both ends offer in ALPN (RFC 7301). A peer that speaks something else fails in the handshake.
    public static let alpn = "metrics-push/1"
}
