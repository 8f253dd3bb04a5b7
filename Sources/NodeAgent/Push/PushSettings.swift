// SPDX-License-Identifier: Apache-2.0
import Console
import TLS
import Wire

/// What every session of this agent has in common.
struct PushSettings: Sendable {
    /// Asked for with each connection; may read files.
    let context: @Sendable () throws(TLSError) -> TLSContext
    /// The name in the aggregator's certificate; nil: the host of its address.
    let serverName: String?
    let credential: CredentialFile?
    /// All but the credential.
    let hello: Hello
    let interval: Duration
    let log: AgentLog
    var times = PushTimes()
    /// Called once in each session, when all that it needed only to begin is behind it.
    var settled: @Sendable () -> Void = StartupPages.giveBack
    /// Where pushers keep count.
    var registry = PushRegistry()

    var writeLimit: Duration { max(times.write, interval * 2) }
}
