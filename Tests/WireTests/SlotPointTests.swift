// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite("A slot's point")
struct SlotPointTests {
    @Test("any value is kept, the largest too, and none is not zero", arguments: [0, 1, UInt64.max])
    func values(value: UInt64) {
        let both = SlotPoint(
            slot: WireLimits.slots - 1, timeMicroseconds: value, cpuMicroseconds: value, memoryKiB: value)
        #expect(both.slot == WireLimits.slots - 1 && both.timeMicroseconds == value)
        #expect(both.cpuMicroseconds == value && both.memoryKiB == value)
        var other = both
        other.cpuMicroseconds = nil
        #expect(other.cpuMicroseconds == nil && other.memoryKiB == value && other != both)
        other.memoryKiB = nil
        #expect(
            other
                == SlotPoint(
                    slot: WireLimits.slots - 1, timeMicroseconds: value, cpuMicroseconds: nil, memoryKiB: nil))
        (other.cpuMicroseconds, other.memoryKiB) = (value, value)
        #expect(other == both)
    }
}
