// SPDX-License-Identifier: Apache-2.0

/// The messages of `wire.proto`, as the prescan sees them.
enum MessageShape {
    case agentFrame, hello, samples, entry, credential, goodbye
    case aggregatorFrame, welcome, reject, resync
}

/// What a field may hold. Names are static: this is looked up for every field of every frame.
enum FieldRule {
    case varint
    /// A string without NUL.
    case text(StaticString, cap: Int)
    /// Either nothing or exactly so many bytes.
    case bytes(StaticString, count: Int)
    /// A packed column of varints that take so many bytes each once unpacked; at most ``WireLimits/slots``.
    case column(StaticString, width: Int)
    case message(MessageShape)
    /// A repeated message; at most ``WireLimits/slots``.
    case messages(StaticString, MessageShape)
    case unknown
}

extension MessageShape {
    /// Only one field may be there: a `oneof` is all the message has.
    var isChoice: Bool { self == .agentFrame || self == .aggregatorFrame }

    /// Bytes of the unpacked C struct, as far as memory planning needs them: the arena's growth covers a difference.
    var memory: Int {
        switch self {
        case .agentFrame, .aggregatorFrame: 40
        case .samples: 312
        case .hello, .entry: 112
        case .credential, .goodbye, .welcome, .reject, .resync: 48
        }
    }

    func rule(of field: UInt64) -> FieldRule {
        switch self {
        case .agentFrame:
            switch field {
            case 1: .message(.hello)
            case 2: .message(.samples)
            case 3: .message(.credential)
            case 4: .message(.goodbye)
            default: .unknown
            }
        case .aggregatorFrame:
            switch field {
            case 1: .message(.welcome)
            case 2: .message(.reject)
            case 3: .message(.resync)
            default: .unknown
            }
        case .hello:
            switch field {
            case 1, 5, 7, 8, 9: .varint
            case 2: .text("the node name", cap: WireLimits.nodeNameBytes)
            case 3: .text("the boot id", cap: WireLimits.bootIDBytes)
            case 4: .text("the agent version", cap: WireLimits.versionBytes)
            case 6: .text("the credential", cap: WireLimits.tokenBytes)
            default: .unknown
            }
        case .samples:
            switch field {
            case 1...7, 17...20: .varint
            case 8: .column("removed", width: 4)
            case 9: .messages("added", .entry)
            case 10: .column("cpu_us", width: 8)
            case 11: .column("memory_kib", width: 8)
            case 12: .column("time_us", width: 8)
            case 13: .column("without_cpu", width: 4)
            case 14: .column("without_memory", width: 4)
            case 15: .column("earlier_cpu_us", width: 8)
            case 16: .column("earlier_time_us", width: 8)
            default: .unknown
            }
        case .entry:
            switch field {
            case 1, 7, 8, 10: .varint
            case 2: .text("a pod uid", cap: WireLimits.podUIDBytes)
            case 3: .bytes("a container id", count: ContainerID.packedBytes)
            case 4: .text("a namespace", cap: WireLimits.namespaceBytes)
            case 5: .text("a pod name", cap: WireLimits.podNameBytes)
            case 6: .text("a container name", cap: WireLimits.containerNameBytes)
            case 9: .text("a container id", cap: WireLimits.containerIDBytes)
            default: .unknown
            }
        case .welcome:
            switch field {
            case 1: .text("the instance", cap: WireLimits.instanceBytes)
            case 2: .varint
            default: .unknown
            }
        case .reject:
            switch field {
            case 1: .varint
            case 2: .text("the reason", cap: WireLimits.reasonBytes)
            default: .unknown
            }
        case .resync:
            field == 1 ? .text("the reason", cap: WireLimits.reasonBytes) : .unknown
        case .credential:
            field == 1 ? .text("the credential", cap: WireLimits.tokenBytes) : .unknown
        case .goodbye:
            .unknown
        }
    }
}
