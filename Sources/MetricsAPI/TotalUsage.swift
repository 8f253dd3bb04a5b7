// SPDX-License-Identifier: Apache-2.0

/// A row's sums; nil where no part of the object reports the resource.
struct TotalUsage: Equatable {
    var cpuNanocores: UInt64?
    var memoryBytes: UInt64?
    var swapBytes: UInt64?

    init(_ usages: ArraySlice<ContainerFigures>) {
        for figures in usages { self.add(figures.usage) }
    }

    /// Sums stop at the largest number: 18 billion cores are wrong anyway, and no reason to trap.
    private mutating func add(_ usage: ResourceUsage) {
        self.cpuNanocores = Self.sum(self.cpuNanocores ?? 0, usage.cpuNanocores)
        self.memoryBytes = Self.sum(self.memoryBytes ?? 0, usage.memoryBytes)
        if let swap = usage.swapBytes { self.swapBytes = Self.sum(self.swapBytes ?? 0, swap) }
    }

    private static func sum(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }
}
