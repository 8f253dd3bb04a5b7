// SPDX-License-Identifier: Apache-2.0
import CKernel
import Testing

@testable import Cgroups

@Suite("The sampler's memory")
struct HeapTests {
    /// In a process of its own: the heap is the whole process', and other tests use it.
    @Test("sweeps over an unchanged node allocate nothing that they keep")
    func steady() async {
        await #expect(processExitsWith: .success) {
            for version in FakeNode.Version.allCases {
                let node = FakeNode(version)
                for number in 0..<20 {
                    node.container("kubepods/burstable/podu-\(number / 2)/\(id(number))")
                    node.link(pod: "web", container: "app-\(number)", id: id(number), uid: "u-\(number / 2)")
                }
                let sampler = try node.sampler()
                for _ in 0..<10 { _ = try sampler.sweep() }
                // The process's other threads come and go meanwhile, with what they hold; what a sweep keeps shows each time.
                let isSteady = try (0..<5).contains { _ in
                    let before = CKernel_heap_bytes()
                    for _ in 0..<1_000 { _ = try sampler.sweep() }
                    return before > 0 && CKernel_heap_bytes() == before
                }
                #expect(sampler.containers.count { $0.name != nil && $0.cpuNanoseconds != nil } == 20)
                #expect(isSteady)
            }
        }
    }
}
