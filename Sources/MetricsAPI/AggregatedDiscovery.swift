// SPDX-License-Identifier: Apache-2.0
import Formats

/// The aggregated document (KEP-3352): everything in one answer, with an ETag to ask again cheaply.
enum AggregatedDiscovery {
    struct Group {
        /// Empty for the core group.
        var name: String
        var versions: [(name: String, resources: [DiscoveredResource])]
    }

    static func metrics(_ resources: [DiscoveredResource]) -> Group {
        Group(name: MetricsVersion.group, versions: MetricsVersion.allCases.map { ($0.rawValue, resources) })
    }

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
            ("singularResource", .string(resource.singular)), ("verbs", .strings(resource.verbs)),
            ("shortNames", resource.shortNames.isEmpty ? nil : .strings(resource.shortNames)))
    }

    /// APIGroupDiscoveryList {metadata = 1, items = 2 {metadata = 1, versions = 2 {version = 1, resources = 2,
    /// freshness = 3}}}, APIResourceDiscovery {resource = 1, responseKind = 2 {group = 1, version = 2, kind = 3},
    /// scope = 3, singularResource = 4, verbs = 5, shortNames = 6}.
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
                                for short in resource.shortNames { out.protoString(6, short) }
                            }
                        }
                        out.protoString(3, "Current")
                    }
                }
            }
        }
    }
}
