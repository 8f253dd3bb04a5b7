// SPDX-License-Identifier: Apache-2.0
public import CMemory

/// Has memory fetched into the caches that will be read soon, without waiting for it. What a large list is made from lies
/// apart in far more memory than the caches hold, so that without this its time is waiting.
extension Array {
    /// - Parameters:
    ///   - index: of the first element; not checked, since nothing is read.
    ///   - count: of elements; none when it is negative.
    @inlinable @inline(__always)
    package func prefetch(_ index: Int, count: Int = 1) {
        let stride = MemoryLayout<Element>.stride
        unsafe withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            let address = UInt(bitPattern: base) &+ UInt(bitPattern: index &* stride)
            unsafe CMemory_prefetch(UnsafeRawPointer(bitPattern: address), Swift.max(count, 0) &* stride)
        }
    }

    /// The array's own count, which stands before the elements and is read with each of them.
    @inlinable @inline(__always)
    package func prefetchCount() {
        unsafe withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            unsafe CMemory_prefetch(UnsafeRawPointer(bitPattern: UInt(bitPattern: base) &- 16), 1)
        }
    }

    /// The instance that an element refers to.
    /// - Parameters:
    ///   - index: of the element.
    ///   - field: the place of the reference in the element, in bytes.
    ///   - bytes: of the instance.
    @inlinable @inline(__always)
    package func prefetchInstance(_ index: Int, field: Int = 0, bytes: Int) {
        guard index < count else { return }
        // The reference as it lies there: to take a copy is to count it in the instance, and to wait for that.
        let address = unsafe withUnsafeBytes {
            unsafe $0.load(fromByteOffset: index * MemoryLayout<Element>.stride + field, as: UnsafeRawPointer?.self)
        }
        unsafe CMemory_prefetch(address, bytes)
    }
}

extension MemoryLayout {
    /// Where a stored property lies in a value, in bytes.
    package static func place(of property: PartialKeyPath<T>) -> Int {
        guard let place = offset(of: property) else { preconditionFailure("it is not stored in the value") }
        return place
    }
}
