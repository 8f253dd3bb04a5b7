// SPDX-License-Identifier: Apache-2.0

/// What a frame from an agent was.
public enum AgentEvent: Equatable, Sendable {
    case hello(Hello)
    /// The batch holds the sweep.
    case samples
    /// A difference to something this session does not have. Ask the agent for a complete frame, once; the batch is not
    /// valid.
    case resyncNeeded(reason: String)
    /// A difference that came before the complete frame already asked for; the batch is not valid.
    case ignored
    case credential(String)
    case goodbye
}
