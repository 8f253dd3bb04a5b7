// SPDX-License-Identifier: Apache-2.0
import Formats

/// The legacy documents, one level per request.
enum LegacyDiscovery {
    /// `/apis`. Without an apiVersion, as the API server library writes this one.
    static func groupList(serverAddress: String?) -> DiscoveryDocument {
        DiscoveryDocument(
            json: .members(
                ("kind", .string("APIGroupList")),
                ("groups", .array([.object(Self.group + Self.addresses(serverAddress))]))),
            protobuf: { out in
                out.kubernetesEnvelope(apiVersion: "v1", kind: "APIGroupList") { out in
                    out.message(1) { out in Self.writeGroup(serverAddress: serverAddress, to: &out) }
                }
            })
    }

    /// `/apis/metrics.k8s.io`
    static func metricsGroup() -> DiscoveryDocument {
        DiscoveryDocument(
            json: .object(
                [.init(name: "kind", value: .string("APIGroup")), .init(name: "apiVersion", value: .string("v1"))]
                    + Self.group),
            protobuf: { out in
                out.kubernetesEnvelope(apiVersion: "v1", kind: "APIGroup") { out in
                    Self.writeGroup(serverAddress: nil, to: &out)
                }
            })
    }

    /// `/apis/metrics.k8s.io/VERSION` and `/api/v1`.
    static func resources(_ resources: [DiscoveredResource], groupVersion: String) -> DiscoveryDocument {
        let list: [JSONValue] = resources.map {
            .members(
                ("name", .string($0.name)), ("singularName", .string($0.singular)),
                ("namespaced", .bool($0.namespaced)), ("kind", .string($0.kind)), ("verbs", .strings($0.verbs)),
                ("shortNames", $0.shortNames.isEmpty ? nil : .strings($0.shortNames)))
        }
        return DiscoveryDocument(
            json: .members(
                ("kind", .string("APIResourceList")), ("apiVersion", .string("v1")),
                ("groupVersion", .string(groupVersion)), ("resources", .array(list))),
            protobuf: { out in
                // APIResourceList {groupVersion = 1, resources = 2 {name = 1, namespaced = 2, kind = 3, verbs = 4
                // {items = 1}, shortNames = 5, singularName = 6}}
                out.kubernetesEnvelope(apiVersion: "v1", kind: "APIResourceList") { out in
                    out.protoString(1, groupVersion)
                    for resource in resources {
                        out.message(2) { out in
                            out.protoString(1, resource.name)
                            out.protoVarint(2, resource.namespaced ? 1 : 0)
                            out.protoString(3, resource.kind)
                            out.message(4) { out in for verb in resource.verbs { out.protoString(1, verb) } }
                            for short in resource.shortNames { out.protoString(5, short) }
                            out.protoString(6, resource.singular)
                        }
                    }
                }
            })
    }

    /// `/api`
    static func coreVersions(serverAddress: String?) -> DiscoveryDocument {
        DiscoveryDocument(
            json: .object(
                [
                    .init(name: "kind", value: .string("APIVersions")),
                    .init(name: "versions", value: .strings(["v1"])),
                ] + Self.addresses(serverAddress)),
            protobuf: { out in
                // APIVersions {versions = 1, serverAddressByClientCIDRs = 2}
                out.kubernetesEnvelope(apiVersion: "v1", kind: "APIVersions") { out in
                    out.protoString(1, "v1")
                    Self.writeAddress(serverAddress, field: 2, to: &out)
                }
            })
    }

    private static var group: [JSONValue.Member] {
        let versions = MetricsVersion.allCases.map(Self.version)
        return [
            .init(name: "name", value: .string(MetricsVersion.group)),
            .init(name: "versions", value: .array(versions)),
            .init(name: "preferredVersion", value: versions[0]),
        ]
    }

    private static func version(_ version: MetricsVersion) -> JSONValue {
        .members(("groupVersion", .string(version.groupVersion)), ("version", .string(version.rawValue)))
    }

    private static func addresses(_ serverAddress: String?) -> [JSONValue.Member] {
        guard let serverAddress else { return [] }
        let entry = JSONValue.members(
            ("clientCIDR", .string("0.0.0.0/0")), ("serverAddress", .string(serverAddress)))
        return [.init(name: "serverAddressByClientCIDRs", value: .array([entry]))]
    }

    /// APIGroup {name = 1, versions = 2 {groupVersion = 1, version = 2}, preferredVersion = 3,
    /// serverAddressByClientCIDRs = 4}.
    private static func writeGroup(serverAddress: String?, to out: inout ByteWriter) {
        out.protoString(1, MetricsVersion.group)
        for version in MetricsVersion.allCases { Self.writeVersion(version, field: 2, to: &out) }
        Self.writeVersion(.v1, field: 3, to: &out)
        Self.writeAddress(serverAddress, field: 4, to: &out)
    }

    private static func writeVersion(_ version: MetricsVersion, field: UInt8, to out: inout ByteWriter) {
        out.message(field) { out in
            out.protoString(1, version.groupVersion)
            out.protoString(2, version.rawValue)
        }
    }

    private static func writeAddress(_ serverAddress: String?, field: UInt8, to out: inout ByteWriter) {
        guard let serverAddress else { return }
        out.message(field) { out in
            out.protoString(1, "0.0.0.0/0")
            out.protoString(2, serverAddress)
        }
    }
}
