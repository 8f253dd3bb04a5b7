// SPDX-License-Identifier: Apache-2.0

/// What a client may ask for, and the documents that say so.
struct DiscoveredResource {
    var name: String
    var kind: String
    var namespaced: Bool
    var singular = ""
    var verbs = ["get", "list"]

    static let metrics = [
        DiscoveredResource(name: "nodes", kind: "NodeMetrics", namespaced: false),
        DiscoveredResource(name: "pods", kind: "PodMetrics", namespaced: true),
    ]
}

/// A discovery document in both encodings.
struct DiscoveryDocument {
    var json: JSONValue
    var protobuf: (inout ByteWriter) -> Void
}

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
                ("namespaced", .bool($0.namespaced)), ("kind", .string($0.kind)), ("verbs", .strings($0.verbs)))
        }
        return DiscoveryDocument(
            json: .members(
                ("kind", .string("APIResourceList")), ("apiVersion", .string("v1")),
                ("groupVersion", .string(groupVersion)), ("resources", .array(list))),
            protobuf: { out in
                // APIResourceList {groupVersion = 1, resources = 2 {name = 1, namespaced = 2, kind = 3, verbs = 4
                // {items = 1}, singularName = 6}}
                out.kubernetesEnvelope(apiVersion: "v1", kind: "APIResourceList") { out in
                    out.protoString(1, groupVersion)
                    for resource in resources {
                        out.message(2) { out in
                            out.protoString(1, resource.name)
                            out.protoVarint(2, resource.namespaced ? 1 : 0)
                            out.protoString(3, resource.kind)
                            out.message(4) { out in for verb in resource.verbs { out.protoString(1, verb) } }
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

/// The aggregated document (KEP-3352): everything in one answer, with an ETag to ask again cheaply.
enum AggregatedDiscovery {
    struct Group {
        /// Empty for the core group.
        var name: String
        var versions: [(name: String, resources: [DiscoveredResource])]
    }

    static let metrics = Group(
        name: MetricsVersion.group,
        versions: MetricsVersion.allCases.map { ($0.rawValue, DiscoveredResource.metrics) })

    /// `version` is v2 or v2beta1; their schemas are the same.
    static func document(_ group: Group, version: String) -> DiscoveryDocument {
        let versions: [JSONValue] = group.versions.map { entry in
            .members(
                ("version", .string(entry.name)), ("resources", .array(entry.resources.map(Self.resource))),
                ("freshness", .string("Current")))
        }
        let item = JSONValue.members(
            (
                "metadata",
                .members(("name", group.name.isEmpty ? nil : .string(group.name)), ("creationTimestamp", .null))
            ),
            ("versions", .array(versions)))
        return DiscoveryDocument(
            json: .members(
                ("kind", .string("APIGroupDiscoveryList")),
                ("apiVersion", .string("apidiscovery.k8s.io/\(version)")),
                ("metadata", .object([])), ("items", .array([item]))),
            protobuf: { out in Self.write(group, version: version, to: &out) })
    }

    /// Group and version of the kind stay empty, as the API server library leaves them: clients then take those the
    /// resource is listed under.
    private static func resource(_ resource: DiscoveredResource) -> JSONValue {
        .members(
            ("resource", .string(resource.name)),
            (
                "responseKind",
                .members(("group", .string("")), ("version", .string("")), ("kind", .string(resource.kind)))
            ),
            ("scope", .string(resource.namespaced ? "Namespaced" : "Cluster")),
            ("singularResource", .string(resource.singular)), ("verbs", .strings(resource.verbs)))
    }

    /// APIGroupDiscoveryList {metadata = 1, items = 2 {metadata = 1, versions = 2 {version = 1, resources = 2,
    /// freshness = 3}}}, APIResourceDiscovery {resource = 1, responseKind = 2 {group = 1, version = 2, kind = 3},
    /// scope = 3, singularResource = 4, verbs = 5}.
    private static func write(_ group: Group, version: String, to out: inout ByteWriter) {
        out.kubernetesEnvelope(
            apiVersion: "apidiscovery.k8s.io/\(version)", kind: "APIGroupDiscoveryList"
        ) { out in
            out.message(1) { _ in }
            out.message(2, lengthBytes: 2) { out in
                out.message(1) { out in out.protoString(1, group.name) }
                for entry in group.versions {
                    out.message(2, lengthBytes: 2) { out in
                        out.protoString(1, entry.name)
                        for resource in entry.resources {
                            out.message(2) { out in
                                out.protoString(1, resource.name)
                                out.message(2) { out in
                                    out.protoString(1, "")
                                    out.protoString(2, "")
                                    out.protoString(3, resource.kind)
                                }
                                out.protoString(3, resource.namespaced ? "Namespaced" : "Cluster")
                                out.protoString(4, resource.singular)
                                for verb in resource.verbs { out.protoString(5, verb) }
                            }
                        }
                        out.protoString(3, "Current")
                    }
                }
            }
        }
    }
}

/// Entity tags (RFC 9110 §8.8.3).
enum EntityTag {
    /// A strong tag of the body: FNV-1a over 64 bits. It only has to tell our own few documents apart.
    static func of(_ body: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in body { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16, uppercase: true)
        return "\"\(String(repeating: "0", count: max(0, 16 - digits.utf8.count)))\(digits)\""
    }

    /// Whether an If-None-Match header names `tag`; weak comparison, as RFC 9110 §13.1.2 says.
    static func matches(_ header: String?, _ tag: String) -> Bool {
        guard let header else { return false }
        return header.split(separator: ",", maxSplits: 16).contains { candidate in
            var text = candidate.drop { $0 == " " || $0 == "\t" }
            while text.last == " " || text.last == "\t" { text.removeLast() }
            if text.hasPrefix("W/") { text = text.dropFirst(2) }
            return text == "*" || text == tag
        }
    }
}
