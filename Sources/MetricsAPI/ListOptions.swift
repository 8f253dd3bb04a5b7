// SPDX-License-Identifier: Apache-2.0

/// The query of a list, decoded and checked in the order API servers do, so that a request with several mistakes gets
/// the same complaint. `limit`, `continue` and `resourceVersion` are accepted and ignored, as the peer does: figures
/// have no history to page through.
struct ListOptions {
    var labels: LabelSelector
    var fields: FieldSelector
    var watch: Bool

    /// Decoded and checked.
    init(_ query: URLQuery) throws(Status) {
        try self.init(selectorsOf: query)
        let causes = self.watch ? Self.watchProblems(query) : Self.listProblems(query)
        if !causes.isEmpty { throw .invalidListOptions(causes) }
    }

    /// Decoded only: what contradicts itself still names a verb to be authorized.
    init(selectorsOf query: URLQuery) throws(Status) {
        try Self.checkInteger(query["timeoutSeconds"])
        try Self.checkInteger(query["limit"])
        do {
            self.labels = try LabelSelector(parsing: query["labelSelector"] ?? "")
        } catch {
            throw .badRequest(error.message)
        }
        do {
            self.fields = try FieldSelector(parsing: query["fieldSelector"] ?? "")
        } catch {
            throw .badRequest(error.message)
        }
        self.watch = Self.flag(query["watch"]) ?? false
    }

    func selection(in namespace: String?) -> Selection {
        Selection(namespace: namespace, labels: self.labels, fields: self.fields)
    }

    /// Refuses fields that objects of metrics.k8s.io do not have. Both names are known for nodes too: their namespace is
    /// the empty one.
    func checkMetadataFieldsOnly() throws(Status) {
        for term in self.fields.terms where term.field != "metadata.name" && term.field != "metadata.namespace" {
            throw .badRequest(
                "\(GoText.quote(term.field)) is not a known field selector: only \"metadata.name\", "
                    + "\"metadata.namespace\"")
        }
    }

    /// A boolean of the query: there and neither "false" nor "0" is true, also when empty. Absent is nil.
    static func flag(_ value: String?) -> Bool? {
        value.map { $0.lowercased() != "false" && $0 != "0" }
    }

    private static func checkInteger(_ value: String?) throws(Status) {
        guard let value else { return }
        do {
            _ = try GoText.parseInt(value)
        } catch {
            throw .badRequest(GoText.parseIntMessage(value, error))
        }
    }

    private static func forbidden(_ field: String, _ why: String) -> Status.Cause {
        Status.Cause(reason: "FieldValueForbidden", message: "Forbidden: \(why)", field: field)
    }

    private static func unsupportedMatch(_ match: String, supported: [String]) -> Status.Cause {
        Status.Cause(
            reason: "FieldValueNotSupported",
            message: "Unsupported value: \(GoText.quote(match)): supported values: "
                + supported.map(GoText.quote).joined(separator: ", "),
            field: "resourceVersionMatch")
    }

    private static func listProblems(_ query: URLQuery) -> [Status.Cause] {
        var causes: [Status.Cause] = []
        let match = query["resourceVersionMatch"] ?? ""
        let version = query["resourceVersion"] ?? ""
        if !match.isEmpty {
            if version.isEmpty {
                causes.append(
                    Self.forbidden(
                        "resourceVersionMatch",
                        "resourceVersionMatch is forbidden unless resourceVersion is provided"))
            }
            if !(query["continue"] ?? "").isEmpty { causes.append(Self.matchWithContinue) }
            if match != "Exact" && match != "NotOlderThan" {
                causes.append(Self.unsupportedMatch(match, supported: ["Exact", "NotOlderThan", ""]))
            }
            if match == "Exact" && version == "0" {
                causes.append(
                    Self.forbidden(
                        "resourceVersionMatch",
                        "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""))
            }
        }
        if query["sendInitialEvents"] != nil {
            causes.append(Self.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
        }
        return causes
    }

    private static let matchWithContinue = Self.forbidden(
        "resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")

    private static func watchProblems(_ query: URLQuery) -> [Status.Cause] {
        var causes: [Status.Cause] = []
        let match = query["resourceVersionMatch"] ?? ""
        let initialEvents = query["sendInitialEvents"] != nil
        if initialEvents && match != "NotOlderThan" {
            causes.append(
                Self.forbidden(
                    "resourceVersionMatch",
                    "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
        }
        if !match.isEmpty {
            if !initialEvents {
                causes.append(
                    Self.forbidden(
                        "resourceVersionMatch",
                        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
            }
            if match != "NotOlderThan" { causes.append(Self.unsupportedMatch(match, supported: ["NotOlderThan"])) }
            if !(query["continue"] ?? "").isEmpty { causes.append(Self.matchWithContinue) }
        }
        return causes
    }
}
