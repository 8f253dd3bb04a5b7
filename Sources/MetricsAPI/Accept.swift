// SPDX-License-Identifier: Apache-2.0
import Formats

/// One alternative of an Accept header, with the parameters that Kubernetes knows.
struct AcceptClause: Equatable {
    let range: AcceptRange
    /// `as`, `g`, `v`: the kind the client wants the object turned into.
    var transform: TransformRequest?
    /// `pretty=1`.
    var pretty = false
    /// `stream=watch`: only meaningful for watches.
    var stream: String?

    var quality: Int { self.range.quality }

    var isAnything: Bool { self.range.type == "*" && self.range.subtype == "*" }

    func covers(_ media: MediaType) -> Bool {
        if self.isAnything { return true }
        return self.range.type == "application" && (self.range.subtype == "*" || self.range.subtype == media.subtype)
    }

    /// The alternatives, best first.
    static func parse(_ header: String) -> [AcceptClause] { AcceptRange.parse(header).map(AcceptClause.init) }

    private init(_ range: AcceptRange) {
        self.range = range
        for parameter in range.parameters {
            let value = parameter.value
            switch parameter.name {
            case "as": self.transform = (self.transform ?? TransformRequest()).with { $0.kind = value }
            case "g": self.transform = (self.transform ?? TransformRequest()).with { $0.group = value }
            case "v": self.transform = (self.transform ?? TransformRequest()).with { $0.version = value }
            case "pretty": self.pretty = value == "1"
            case "stream": self.stream = value.isEmpty ? nil : value
            default: continue
            }
        }
    }
}

/// `as=Table;g=meta.k8s.io;v=v1`
struct TransformRequest: Equatable {
    var kind = ""
    var group = ""
    var version = ""

    func with(_ change: (inout TransformRequest) -> Void) -> TransformRequest {
        var copy = self
        change(&copy)
        return copy
    }
}
