// SPDX-License-Identifier: Apache-2.0
import Console
import TLS
import Wire

/// What every session of this agent has in common.
struct PushSettings: Sendable {
    let context: TLSContext
    /// The name in the aggregator's certificate; nil: the host of its address.
    let serverName: String?
    let credential: CredentialFile?
    /// All but the credential.
    let hello: Hello
    let interval: Duration
    let log: AgentLog

    /// A connection must stand, and be accepted, within this time.
    static let connectLimit: Duration = .seconds(10)
    /// A goodbye may take this long before the process ends without one.
    static let goodbyeLimit: Duration = .seconds(2)
    /// How often a rotated token is looked for; kubelet rotates at 80 % of a token's life, an hour by default.
    static let credentialInterval: Duration = .seconds(30)

    /// A frame that cannot be handed over for two intervals would be followed by stale ones only.
    var writeLimit: Duration { max(.seconds(5), interval * 2) }
}
