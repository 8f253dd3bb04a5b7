// SPDX-License-Identifier: Apache-2.0

/// What a client wants to watch.
public struct WatchRequest: Sendable {
    public let kind: FiguresList.Kind
    public let selection: Selection
    public let options: WatchOptions
    let format: WatchFormat

    public var contentType: String { self.format.contentType }
}

/// Keeps the watches that this API opens.
public protocol WatchService: Sendable {
    /// - Returns: nil when there are too many.
    func open(_ request: WatchRequest) -> (any BodyStream)?
    /// A list was served that its client may want to watch on from; `snapshot` is what it was made from.
    func served(_ snapshot: FiguresSnapshot, of selection: Selection)
}
