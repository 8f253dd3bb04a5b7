// SPDX-License-Identifier: Apache-2.0

import CWire

/// The session is accepted: samples may come.
public struct Welcome: Equatable, Sendable {
    /// Changes with every start of the aggregator.
    public var instance: String
    /// Unix time.
    public var serverTimeMicroseconds: Int64

    public init(instance: String, serverTimeMicroseconds: Int64) {
        self.instance = instance
        self.serverTimeMicroseconds = serverTimeMicroseconds
    }
}

/// Why an aggregator does not take a session. Values a newer aggregator may send are ``unspecified``.
public enum RejectCode: UInt32, Sendable, CaseIterable {
    case unspecified = 0
    case `protocol` = 1
    case unauthenticated = 2
    case wrongNode = 3
    case duplicateNode = 4
    case overloaded = 5
    case shuttingDown = 6
}

/// The session is not taken; the aggregator closes it.
public struct Reject: Equatable, Sendable {
    public var code: RejectCode
    /// A sentence that names the cause and the way out.
    public var reason: String

    public init(code: RejectCode, reason: String) {
        self.code = code
        self.reason = reason
    }
}

public enum AggregatorMessage: Equatable, Sendable {
    case welcome(Welcome)
    case reject(Reject)
    /// The next samples must be complete again.
    case resync(reason: String)

    /// The frame, header included. Strings over their cap are cut at a character's end: they are for people, and a message
    /// from the aggregator must not fail.
    public func encodedFrame() -> [UInt8] {
        do {
            let arena = try Arena(expected: 4 << 10, limit: WireLimits.aggregatorFrameBytes)
            return try encodedFrame(in: arena)
        } catch {
            // Three short strings: only a process without any memory gets here, where Swift itself gives up.
            preconditionFailure("an aggregator's message could not be encoded: \(error)")
        }
    }

    /// - Parameter body: a frame without its header.
    /// - Throws: `frameTooLarge`, `emptyFrame`, `malformed`, `fieldTooLarge`, `unexpectedMessage`, `outOfMemory`.
    public static func decode(body: RawSpan) throws(WireError) -> AggregatorMessage {
        guard let content = try FrameContent.find(1...3, in: body, cap: WireLimits.aggregatorFrameBytes) else {
            throw WireError(.unexpectedMessage, "the frame holds no message that an aggregator of this version sends")
        }
        switch content.field {
        case 1:
            return try unsafe MessageShape.welcome.unpacked(
                body, content.range, by: metrics_push__v1__welcome__unpack
            ) { (welcome) throws(WireError) in
                .welcome(
                    Welcome(
                        instance: try unsafe String(unpacked: welcome.pointee.instance, "the instance"),
                        serverTimeMicroseconds: unsafe welcome.pointee.server_time_us))
            }
        case 2:
            return try unsafe MessageShape.reject.unpacked(
                body, content.range, by: metrics_push__v1__reject__unpack
            ) { (reject) throws(WireError) in
                .reject(
                    Reject(
                        code: RejectCode(rawValue: unsafe reject.pointee.code.rawValue) ?? .unspecified,
                        reason: try unsafe String(unpacked: reject.pointee.reason, "the reason")))
            }
        default:
            return try unsafe MessageShape.resync.unpacked(
                body, content.range, by: metrics_push__v1__resync__unpack
            ) { (resync) throws(WireError) in
                .resync(reason: try unsafe String(unpacked: resync.pointee.reason, "the reason"))
            }
        }
    }
}

extension AggregatorMessage {
    private func encodedFrame(in arena: borrowing Arena) throws(WireError) -> [UInt8] {
        var frame = unsafe MetricsPush__V1__AggregatorFrame()
        unsafe metrics_push__v1__aggregator_frame__init(&frame)
        switch self {
        case .welcome(let welcome):
            let message = try unsafe arena.allocate(MetricsPush__V1__Welcome.self)
            unsafe metrics_push__v1__welcome__init(message)
            unsafe message.pointee.instance = try unsafe arena.cString(
                welcome.instance.cut(toBytes: WireLimits.instanceBytes))
            unsafe message.pointee.server_time_us = welcome.serverTimeMicroseconds
            unsafe frame.body_case = METRICS_PUSH__V1__AGGREGATOR_FRAME__BODY_WELCOME
            unsafe frame.welcome = unsafe message
        case .reject(let reject):
            let message = try unsafe arena.allocate(MetricsPush__V1__Reject.self)
            unsafe metrics_push__v1__reject__init(message)
            unsafe message.pointee.code = MetricsPush__V1__RejectCode(rawValue: reject.code.rawValue)
            unsafe message.pointee.reason = try unsafe arena.cString(
                reject.reason.cut(toBytes: WireLimits.reasonBytes))
            unsafe frame.body_case = METRICS_PUSH__V1__AGGREGATOR_FRAME__BODY_REJECT
            unsafe frame.reject = unsafe message
        case .resync(let reason):
            let message = try unsafe arena.allocate(MetricsPush__V1__Resync.self)
            unsafe metrics_push__v1__resync__init(message)
            unsafe message.pointee.reason = try unsafe arena.cString(reason.cut(toBytes: WireLimits.reasonBytes))
            unsafe frame.body_case = METRICS_PUSH__V1__AGGREGATOR_FRAME__BODY_RESYNC
            unsafe frame.resync = unsafe message
        }
        return try unsafe frame.packed(cap: WireLimits.aggregatorFrameBytes)
    }
}
