// SPDX-License-Identifier: Apache-2.0

import CWire

/// What an agent says besides samples.
public enum AgentMessage: Equatable, Sendable {
    case hello(Hello)
    /// A rotated token.
    case credential(String)
    /// No more samples will come.
    case goodbye

    /// The frame, header included.
    ///
    /// - Throws: `fieldTooLarge`, `invalidValue` for a message that the aggregator would refuse.
    public func encodedFrame() throws(WireError) -> [UInt8] {
        let arena = try Arena(expected: 4 << 10, limit: 4 * WireLimits.frameBytesBeforeWelcome)
        var frame = unsafe MetricsPush__V1__AgentFrame()
        unsafe metrics_push__v1__agent_frame__init(&frame)
        switch self {
        case .hello(let hello):
            unsafe frame.body_case = METRICS_PUSH__V1__AGENT_FRAME__BODY_HELLO
            unsafe frame.hello = try unsafe hello.message(in: arena)
        case .credential(let token):
            try token.check("the credential", cap: WireLimits.tokenBytes)
            let credential = try unsafe arena.allocate(MetricsPush__V1__Credential.self)
            unsafe metrics_push__v1__credential__init(credential)
            unsafe credential.pointee.token = try unsafe arena.cString(token)
            unsafe frame.body_case = METRICS_PUSH__V1__AGENT_FRAME__BODY_CREDENTIAL
            unsafe frame.credential = unsafe credential
        case .goodbye:
            let goodbye = try unsafe arena.allocate(MetricsPush__V1__Goodbye.self)
            unsafe metrics_push__v1__goodbye__init(goodbye)
            unsafe frame.body_case = METRICS_PUSH__V1__AGENT_FRAME__BODY_GOODBYE
            unsafe frame.goodbye = unsafe goodbye
        }
        return try unsafe frame.packed(cap: WireLimits.frameBytesBeforeWelcome)
    }
}
