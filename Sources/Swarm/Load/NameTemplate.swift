// SPDX-License-Identifier: Apache-2.0
import Console

/// A name with places for numbers: `load-{node}-{pod}-{generation}`.
struct NameTemplate: Equatable, Sendable {
    enum Place: String, CaseIterable, Sendable {
        /// The node's number, from 0.
        case node
        /// The pod's number on its node, from 0.
        case pod
        /// How often the pod was replaced.
        case generation
        /// The group that the pod belongs to, from 0; see ``NameScheme/namespace(node:pod:)``.
        case group
    }

    private enum Part: Equatable, Sendable {
        case text(String)
        case place(Place)
    }

    private let parts: [Part]

    /// - Parameter known: the places that may be there.
    init(_ text: String, known: [Place]) throws(FlagError) {
        var parts: [Part] = []
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{") {
            if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
            guard let close = rest[open...].firstIndex(of: "}"),
                let place = Place(rawValue: String(rest[rest.index(after: open)..<close])), known.contains(place)
            else {
                let places = known.map { "{\($0.rawValue)}" }.joined(separator: ", ")
                throw FlagError("\"\(text)\": the places for numbers here are \(places)")
            }
            parts.append(.place(place))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        guard !parts.isEmpty else { throw FlagError("the value is empty") }
        self.parts = parts
    }

    func has(_ place: Place) -> Bool { parts.contains(.place(place)) }

    func text(node: Int = 0, pod: Int = 0, generation: Int = 0, group: Int = 0) -> String {
        var text = ""
        for part in parts {
            switch part {
            case .text(let fixed): text += fixed
            case .place(.node): text += String(node)
            case .place(.pod): text += String(pod)
            case .place(.generation): text += String(generation)
            case .place(.group): text += String(group)
            }
        }
        return text
    }
}
