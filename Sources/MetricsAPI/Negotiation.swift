// SPDX-License-Identifier: Apache-2.0

/// How an answer is to be encoded.
struct Format: Equatable {
    var media: MediaType
    var transform: Transform?
    /// Indented JSON.
    var pretty: Bool

    static let compactJSON = Format(media: .json, transform: nil, pretty: false)
    static let indentedJSON = Format(media: .json, transform: nil, pretty: true)
}

/// A kind objects can be turned into on the way out.
enum Transform: Equatable {
    /// `version` is that of meta.k8s.io: v1 or v1beta1.
    case table(version: String)
    case partialObject(version: String)
    case partialObjectList(version: String)
    /// The aggregated discovery document; `version` is that of apidiscovery.k8s.io: v2 or v2beta1.
    case aggregatedDiscovery(version: String)
}

/// Which transforms an endpoint knows.
enum Transformable {
    case nothing, objects, discovery

    func transform(_ request: TransformRequest, media: MediaType) -> Transform? {
        switch self {
        case .nothing: return nil
        case .objects:
            guard request.group == "meta.k8s.io", request.version == "v1" || request.version == "v1beta1"
            else { return nil }
            switch request.kind {
            // A Table's cells have no protobuf schema.
            case "Table": return media == .protobuf ? nil : .table(version: request.version)
            case "PartialObjectMetadata": return .partialObject(version: request.version)
            case "PartialObjectMetadataList": return .partialObjectList(version: request.version)
            default: return nil
            }
        case .discovery:
            guard request.group == "apidiscovery.k8s.io", request.kind == "APIGroupDiscoveryList",
                request.version == "v2" || request.version == "v2beta1"
            else { return nil }
            return .aggregatedDiscovery(version: request.version)
        }
    }
}

enum Negotiation {
    /// The format for an Accept header; nil when nothing acceptable is served. Among the alternatives of a client that
    /// lists several (kubectl: Table of two versions, then plain JSON) the first that the endpoint knows wins.
    /// - Parameter allowingStreams: `stream=watch` is one of the things that are served.
    static func format(
        accept: String?, pretty: Bool, allowing transformable: Transformable, allowingStreams: Bool = false
    ) -> Format? {
        guard let accept, !accept.isEmpty else { return Format(media: .json, transform: nil, pretty: pretty) }
        for clause in AcceptClause.parse(accept) where clause.quality > 0 {
            guard clause.stream == nil || allowingStreams && clause.stream == "watch" else { continue }
            for media in MediaType.allCases where clause.covers(media) {
                guard let wanted = clause.transform else {
                    return Format(media: media, transform: nil, pretty: pretty || clause.pretty)
                }
                if let transform = transformable.transform(wanted, media: media) {
                    return Format(media: media, transform: transform, pretty: pretty || clause.pretty)
                }
            }
        }
        return nil
    }

    /// The router's coarse check, which comes first and ignores parameters and weights. A bare `application/*`, which the
    /// peer's router refuses, is let through: the client did say it takes what we have.
    static func names(anyServedTypeIn accept: String?) -> Bool {
        guard let accept, !accept.isEmpty else { return true }
        return AcceptClause.parse(accept).contains { clause in MediaType.allCases.contains(where: clause.covers) }
    }

    /// Indented output for people: `?pretty=…` decides, else browsers and command-line HTTP tools get it.
    static func prefersPretty(_ request: APIRequest, _ query: URLQuery) -> Bool {
        if let wish = query["pretty"], !wish.isEmpty {
            // strconv.ParseBool; what it does not know is false.
            return ["1", "t", "T", "TRUE", "true", "True"].contains(wish)
        }
        guard let agent = request.userAgent else { return false }
        return agent.hasPrefix("curl") || agent.hasPrefix("Wget") || agent.hasPrefix("Mozilla/5.0")
    }
}
