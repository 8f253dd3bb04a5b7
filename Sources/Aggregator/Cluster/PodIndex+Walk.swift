// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// How far a walk over the pods has come. It goes in slices, between which the pods may change.
struct PodCursor {
    fileprivate let selection: Selection
    fileprivate let required: [(key: String, values: [String])]
    fileprivate let onlyNamespace: String?
    /// Of the index when `space`, `place` and `verdicts` were right.
    fileprivate var edition: UInt64 = 0
    fileprivate var space = 0
    fileprivate var place = 0
    /// What was decided on the namespace's label sets, by their numbers; 0: nothing yet.
    fileprivate var verdicts: [UInt8] = []
    /// The last namespace and pod that were looked at; without a pod the namespace is done.
    fileprivate var last: (namespace: String, pod: String?)?
    fileprivate(set) var isAtEnd = false
    /// Of what was found, what has yet to be sorted by name: that is left to be done without the lock.
    fileprivate var unsorted: [Range<Int>] = []

    init(_ selection: Selection) {
        self.selection = selection
        required = selection.requiredLabels
        onlyNamespace = selection.onlyNamespace
    }

    mutating func sort(_ found: inout [ListedPod]) {
        for range in unsorted { found[range].sort { $0.identity.precedes($1.identity) } }
        unsorted.removeAll()
    }
}

extension PodIndex {
    /// Pods that are looked at in one go, while others wait.
    static let slice = 1_024
    /// What a namespace costs to look into, in pods.
    private static let namespaceCost = 8

    /// Appends the selected pods of the next slice, in order but for what `PodCursor.sort` does.
    ///
    /// A namespace where labels that the selection requires leave few pods is looked up in the label index, others are
    /// walked through.
    func appendSlice(_ cursor: inout PodCursor, to found: inout [ListedPod], size: Int = Self.slice) {
        resume(&cursor)
        var budget = size
        while budget > 0, cursor.space < spaces.count {
            if let only = cursor.onlyNamespace, spaces[cursor.space].name != only { break }
            budget -= Self.namespaceCost
            if cursor.place == 0, let looked = lookUp(&cursor, limit: size, to: &found) {
                budget -= looked
            } else {
                let end = min(spaces[cursor.space].order.count, cursor.place + max(budget, 1))
                budget -= end - cursor.place
                walk(&cursor, to: end, &found)
                if end < spaces[cursor.space].order.count { return }
            }
            cursor.last = (spaces[cursor.space].name, nil)
            (cursor.space, cursor.place) = (cursor.space + 1, 0)
            cursor.verdicts.removeAll(keepingCapacity: true)
            if cursor.onlyNamespace != nil { break }
        }
        cursor.isAtEnd = budget > 0 || cursor.space == spaces.count || cursor.onlyNamespace != nil
    }

    /// Finds the place again where the walk was, if the index is another now.
    private func resume(_ cursor: inout PodCursor) {
        guard cursor.edition != edition else { return }
        cursor.edition = edition
        cursor.verdicts.removeAll(keepingCapacity: true)
        (cursor.space, cursor.place) = (0, 0)
        guard let last = cursor.last else {
            if let only = cursor.onlyNamespace { cursor.space = index(ofNamespace: only) ?? spaces.count }
            return
        }
        cursor.space = spaces.partitioningIndex { !$0.name.precedes(last.namespace) }
        guard cursor.space < spaces.count, spaces[cursor.space].name == last.namespace else { return }
        guard let pod = last.pod else {
            cursor.space += 1
            return
        }
        let (place, known) = place(ofPod: pod, in: cursor.space)
        cursor.place = known == nil ? place : place + 1
    }

    /// - Returns: how much was looked at; nil when the labels do not narrow down enough.
    private func lookUp(_ cursor: inout PodCursor, limit: Int, to found: inout [ListedPod]) -> Int? {
        let labels = spaces[cursor.space].labels
        // Of a namespace that is begun some pods may have been found already.
        guard cursor.last?.namespace != spaces[cursor.space].name,
            let sets = labels.candidates(cursor.required, limit: limit),
            let count = labels.podCount(of: sets, limit: limit)
        else { return nil }
        let start = found.count
        for set in sets {
            let set = labels.sets[Int(set)]
            guard cursor.selection.matches(set.labels) else { continue }
            for handle in set.pods {
                if cursor.selection.matchesFields(entries[Int(handle)].identity) { found.append(listed(handle)) }
            }
        }
        if found.count - start > 1 { cursor.unsorted.append(start..<found.count) }
        return sets.count + count
    }

    private func walk(_ cursor: inout PodCursor, to end: Int, _ found: inout [ListedPod]) {
        let space = spaces[cursor.space]
        let selects = cursor.selection.selectsByLabels
        if selects, cursor.verdicts.count != space.labels.sets.count {
            cursor.verdicts = Array(repeating: 0, count: space.labels.sets.count)
        }
        for place in cursor.place..<end {
            if place + Self.ahead < end {
                entries.prefetchInstance(
                    Int(space.order[place + Self.ahead]), field: Entry.identityPlace,
                    bytes: ObjectIdentity.instanceBytes)
            }
            let handle = space.order[place]
            if selects {
                let set = Int(entries[Int(handle)].labelSet)
                if cursor.verdicts[set] == 0 {
                    cursor.verdicts[set] = cursor.selection.matches(space.labels.sets[set].labels) ? 2 : 1
                }
                if cursor.verdicts[set] == 1 { continue }
            }
            if cursor.selection.matchesFields(entries[Int(handle)].identity) { found.append(listed(handle)) }
        }
        cursor.place = end
        if end > 0 { cursor.last = (space.name, entries[Int(space.order[end - 1])].identity.name) }
    }

    /// Pods between one that is looked at and one whose identity is fetched from memory already.
    private static let ahead = 8

    /// How many pods an answer may have at most, as far as that is told without looking at them.
    func bound(_ selection: Selection) -> Int {
        guard let name = selection.onlyNamespace else { return count }
        guard let space = index(ofNamespace: name) else { return 0 }
        if selection.name != nil { return 1 }
        let labels = spaces[space].labels
        return labels.candidates(selection.requiredLabels, limit: Self.slice)
            .flatMap { labels.podCount(of: $0, limit: Self.slice) } ?? spaces[space].order.count
    }
}
