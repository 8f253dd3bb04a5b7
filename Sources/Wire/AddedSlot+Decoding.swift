// SPDX-License-Identifier: Apache-2.0

extension AddedSlot {
    /// An `Entry` where it lies in the frame.
    ///
    /// - Throws: `fieldTooLarge`, `malformed`.
    init(_ body: RawSpan, _ range: Range<Int>) throws(WireError) {
        var slot: UInt64 = 0
        var start: Int64 = 0
        var packed: Range<Int>?
        var identity = ContainerIdentity(podUID: "", containerID: "")
        var cursor = FieldCursor(range)
        while let field = try cursor.next(in: body) {
            switch field {
            case 1: slot = try cursor.number(in: body)
            case 2:
                identity.podUID = try String(
                    body, cursor.bytes(in: body), "a pod uid", cap: WireLimits.podUIDBytes)
            case 3: packed = try cursor.bytes(in: body)
            case 4:
                identity.namespace = try String(
                    body, cursor.bytes(in: body), "a namespace", cap: WireLimits.namespaceBytes)
            case 5:
                identity.pod = try String(
                    body, cursor.bytes(in: body), "a pod name", cap: WireLimits.podNameBytes)
            case 6:
                identity.container = try String(
                    body, cursor.bytes(in: body), "a container name", cap: WireLimits.containerNameBytes)
            case 7: start = Int64(bitPattern: try cursor.number(in: body))
            case 8: identity.born = try cursor.number(in: body) != 0
            case 9:
                identity.containerID = try String(
                    body, cursor.bytes(in: body), "a container id", cap: WireLimits.containerIDBytes)
            case 10: identity.generation = try cursor.number(in: body)
            default: try cursor.skip(in: body)
            }
        }
        guard slot < WireLimits.slots else { throw SlotList.disorder("added") }
        guard start >= 0, start <= WireLimits.timeMicroseconds else {
            throw .malformed("a container's start time is beyond 285 years")
        }
        identity.startTimeMicroseconds = start == 0 ? nil : start
        if let packed, !packed.isEmpty {
            guard packed.count == ContainerID.packedBytes else {
                throw .malformed("a container id has \(packed.count) bytes instead of \(ContainerID.packedBytes)")
            }
            guard identity.containerID.isEmpty else { throw .malformed("a container has two ids") }
            identity.containerID = ContainerID.unpacked(body.extracting(packed))
        }
        self.init(slot: Int(slot), identity: identity)
    }
}
