// SPDX-License-Identifier: Apache-2.0
import CMemory

/// Has memory fetched into the caches that will be read soon, without waiting for it. What a large list is made from lies
/// apart in far more memory than the caches hold, so that without this its time is waiting.
extension Array {
    /// - Parameters:
    ///   - index: of the first element; not checked, since nothing is read.
    ///   - count: of elements.
    @inline(__always)
    func prefetch(_ index: Int, count: Int = 1) {
        let stride = MemoryLayout<Element>.stride
        unsafe withUnsafeBytes { bytes in
            unsafe CMemory_prefetch(bytes.baseAddress.map { unsafe $0 + index &* stride }, count &* stride)
        }
    }

    /// The array's own count, which stands before the elements and is read with each of them.
    @inline(__always)
    func prefetchCount() {
        unsafe withUnsafeBytes { bytes in unsafe CMemory_prefetch(bytes.baseAddress.map { unsafe $0 - 16 }, 1) }
    }

    /// All of its elements.
    func prefetch() { prefetch(0, count: count) }
}

extension Array where Element == NodeRecord? {
    /// The instance that an element refers to.
    func prefetchInstance(_ index: Int) {
        guard index < count else { return }
        // The reference as it lies there: to take a copy is to count it in the instance, and to wait for that.
        let address = unsafe withUnsafeBytes {
            unsafe $0.load(fromByteOffset: index * MemoryLayout<Element>.stride, as: UnsafeRawPointer?.self)
        }
        unsafe CMemory_prefetch(address, NodeRecord.size)
    }
}
