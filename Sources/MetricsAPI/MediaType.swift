// SPDX-License-Identifier: Apache-2.0

/// The encodings served, in order of preference.
enum MediaType: CaseIterable {
    case json, yaml, protobuf

    var subtype: String {
        switch self {
        case .json: "json"
        case .yaml: "yaml"
        case .protobuf: "vnd.kubernetes.protobuf"
        }
    }

    var name: String { "application/\(self.subtype)" }
}
