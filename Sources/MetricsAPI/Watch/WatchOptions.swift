// SPDX-License-Identifier: Apache-2.0

/// The query of a watch beyond its selectors (meta/v1 ListOptions).
///
/// ## Resource versions
/// There is no log that numbers changes, so times stand in for the numbers: a resourceVersion is a moment, decimal Unix µs by
/// our clock.
///
/// - A list's is the moment before its figures were looked up. An object's, which only events of a watch carry, is when its newest
///   sample came; it grows with each sample. A bookmark's is the moment up to which everything was told.
/// - A watch without one, or from "0", first tells every object as ADDED. Then comes one MODIFIED for each object and new
///   sample (for the newest, if there were several since the last look), ADDED and DELETED as objects enter and leave the selection,
///   get figures or lose them. Another pod under an old name is DELETED and then ADDED.
/// - A watch from a list's version goes on from exactly that list, if it was served by this process a moment ago.
/// - A watch from another version N goes on from N if the selection was being watched then. Objects with samples newer than N are
///   told as MODIFIED, also those that were new: what a client had is not known. Objects that went away
///   since, or up to 10 s before, are told as DELETED.
/// - Any other version is answered 200 and then, as API servers do, an ERROR event with 410 Expired: list again. From then on
///   the selection is followed, so a second try succeeds.
/// - In one look's worth of events, DELETED come first. So a client that is cut off in the middle and comes back with the version of its last
///   event has missed no DELETED; it may see an object one sample later than others do.
public struct WatchOptions: Sendable, Equatable {
    public enum Start: Sendable, Equatable {
        /// With all there is; refused if that is older than `notBefore`, 0 for whatever there is.
        case everything(notBefore: UInt64)
        /// With what changes from now on.
        case now
        /// With what has changed since a moment.
        case since(UInt64)
    }

    public var start: Start
    public var allowsBookmarks = false
    /// A bookmark says where the initial events end (KEP-3157).
    public var marksInitialEnd = false
    /// nil: as long as we like. Negative: no time at all.
    public var timeoutSeconds: Int64?

    public init(start: Start) { self.start = start }

    /// - Parameter resource: "nodes" or "pods", for the wording of a refusal.
    init(_ query: URLQuery, resource: String) throws(Status) {
        let version = try Self.version(query["resourceVersion"] ?? "", resource: resource)
        let initialEvents = ListOptions.flag(query["sendInitialEvents"])
        switch (initialEvents, version) {
        case (nil, 0): self.start = .everything(notBefore: 0)
        case (true?, _): self.start = .everything(notBefore: version)
        case (false?, 0): self.start = .now
        case (nil, _), (false?, _): self.start = .since(version)
        }
        self.allowsBookmarks = ListOptions.flag(query["allowWatchBookmarks"]) ?? false
        self.marksInitialEnd = self.allowsBookmarks && initialEvents == true
        if let text = query["timeoutSeconds"] {
            do {
                let seconds = try GoText.parseInt(text)
                self.timeoutSeconds = seconds == 0 ? nil : seconds
            } catch {
                throw .badRequest(GoText.parseIntMessage(text, error))
            }
        }
    }

    /// `strconv.ParseUint`; empty is 0.
    private static func version(_ text: String, resource: String) throws(Status) -> UInt64 {
        if text.isEmpty { return 0 }
        guard text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
            throw .invalidResourceVersion(text, why: "invalid syntax", resource: resource)
        }
        guard let version = UInt64(text) else {
            throw .invalidResourceVersion(text, why: "value out of range", resource: resource)
        }
        return version
    }
}

extension Status {
    /// 422, as API servers refuse what is no number.
    fileprivate static func invalidResourceVersion(_ text: String, why: String, resource: String) -> Status {
        let message =
            "Invalid value: \(GoText.quote(text)): strconv.ParseUint: parsing \(GoText.quote(text)): \(why)"
        return Status(
            code: 422, reason: "Invalid",
            message: "\(resource).\(MetricsVersion.group) \"\" is invalid: resourceVersion: \(message)",
            details: Details(
                group: MetricsVersion.group, kind: resource,
                causes: [Cause(reason: "FieldValueInvalid", message: message, field: "resourceVersion")]))
    }

    /// 410, on which clients list again.
    static func expired(_ version: UInt64, oldest: UInt64) -> Status {
        Status(code: 410, reason: "Expired", message: "too old resource version: \(version) (\(oldest))")
    }
}
