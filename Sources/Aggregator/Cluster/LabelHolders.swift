// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// Which label sets hold a label with a value: lists by the hash of key and value, without these themselves. So it takes a
/// sixth of the memory of a dictionary of them; a set in a list may, rarely, hold another label instead.
struct LabelHolders: Sendable {
    private struct List: Sendable {
        var first: UInt32
        var count: UInt32
    }

    /// One label of one set.
    private struct Link: Sendable {
        var set: UInt32
        var previous = LabelHolders.none
        var next = LabelHolders.none
        /// The next label of the same set.
        var sibling: UInt32
        var hash: UInt32
    }

    private static let none = UInt32.max

    /// By hash.
    private var lists: [UInt32: List] = [:]
    private var links: [Link] = []
    private var freeLinks = Self.none
    /// By the set's number, its first label.
    private var firstLinks: [UInt32] = []

    private static func hash(_ key: String, _ value: String) -> UInt32 {
        var hasher = Hasher()
        hasher.combine(key)
        hasher.combine(value)
        return UInt32(truncatingIfNeeded: hasher.finalize())
    }

    mutating func add(_ set: UInt32, _ labels: Labels) {
        while firstLinks.count <= Int(set) { firstLinks.append(Self.none) }
        for pair in labels.pairs {
            let hash = Self.hash(pair.key, pair.value)
            var link = Link(set: set, sibling: firstLinks[Int(set)], hash: hash)
            let list = lists[hash]
            link.next = list?.first ?? Self.none
            let place = insert(link)
            if let list { links[Int(list.first)].previous = place }
            lists[hash] = List(first: place, count: (list?.count ?? 0) + 1)
            firstLinks[Int(set)] = place
        }
    }

    mutating func remove(_ set: UInt32) {
        var place = firstLinks[Int(set)]
        firstLinks[Int(set)] = Self.none
        while place != Self.none {
            let link = links[Int(place)]
            if link.next != Self.none { links[Int(link.next)].previous = link.previous }
            if link.previous != Self.none { links[Int(link.previous)].next = link.next }
            if var list = lists[link.hash] {
                list.count -= 1
                if link.previous == Self.none { list.first = link.next }
                lists[link.hash] = list.count == 0 ? nil : list
            }
            links[Int(place)].next = freeLinks
            freeLinks = place
            place = link.sibling
        }
    }

    private mutating func insert(_ link: Link) -> UInt32 {
        if freeLinks == Self.none {
            links.append(link)
            return UInt32(links.count - 1)
        }
        let place = freeLinks
        freeLinks = links[Int(place)].next
        links[Int(place)] = link
        return place
    }

    /// How many sets may hold it.
    func count(key: String, value: String) -> Int { Int(lists[Self.hash(key, value)]?.count ?? 0) }

    /// The sets that may hold it, in no order, each once.
    func sets(key: String, value: String) -> [UInt32] {
        var found: [UInt32] = []
        var place = lists[Self.hash(key, value)]?.first ?? Self.none
        while place != Self.none {
            let link = links[Int(place)]
            // Two labels of one set may have the same hash: they came one after the other.
            if found.last != link.set { found.append(link.set) }
            place = link.next
        }
        return found
    }
}
