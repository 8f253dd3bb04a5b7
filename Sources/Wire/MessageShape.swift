// SPDX-License-Identifier: Apache-2.0

/// The messages of `wire.proto` that protobuf-c unpacks, as the prescan sees them: none holds another.
enum MessageShape {
    case hello, credential, goodbye
    case welcome, reject, resync
}

/// What a field may hold. Names are static: to make one for each field would cost more than the scan.
enum FieldRule {
    case varint
    /// A string without NUL.
    case text(StaticString, cap: Int)
    case unknown
}

extension MessageShape {
    /// Bytes of the unpacked C struct, as far as memory planning needs them: the arena's growth covers a difference.
    var memory: Int { self == .hello ? 112 : 48 }

    func rule(of field: UInt64) -> FieldRule {
        switch self {
        case .hello:
            switch field {
            case 1, 5, 7, 8, 9: .varint
            case 2: .text("the node name", cap: WireLimits.nodeNameBytes)
            case 3: .text("the boot id", cap: WireLimits.bootIDBytes)
            case 4: .text("the agent version", cap: WireLimits.versionBytes)
            case 6: .text("the credential", cap: WireLimits.tokenBytes)
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
