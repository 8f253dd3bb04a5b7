// SPDX-License-Identifier: Apache-2.0

/// SplitMix64: the same seed gives the same test on every machine.
struct Generator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// 0..<1, evenly. A simulated sample takes several.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

/// A few that never change, and one that is new in every run. A failing test names its seed: put it here to see it again.
let seeds: [UInt64] = [1, 2, 3, 4, 5, 6, 7, .random(in: 1_000...UInt64.max)]
