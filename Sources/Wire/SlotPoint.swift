// SPDX-License-Identifier: Apache-2.0

/// One container in one sweep; nil is what could not be read.
///
/// 32 bytes, where optionals would make it 48: a flag of each is beside the slot instead of behind the value.
public struct SlotPoint: Equatable, Sendable {
    /// CLOCK_BOOTTIME when the CPU counter was read.
    public var timeMicroseconds: UInt64
    // 0 without the flag, so that equal points are equal in every part.
    @usableFromInline var cpu: UInt64
    @usableFromInline var memory: UInt64
    @usableFromInline var number: UInt32
    @usableFromInline var hasCPU: Bool
    @usableFromInline var hasMemory: Bool

    /// - Parameter slot: below ``WireLimits/slots``.
    @inlinable
    public init(slot: Int, timeMicroseconds: UInt64, cpuMicroseconds: UInt64?, memoryKiB: UInt64?) {
        self.timeMicroseconds = timeMicroseconds
        cpu = cpuMicroseconds ?? 0
        memory = memoryKiB ?? 0
        number = UInt32(slot)
        hasCPU = cpuMicroseconds != nil
        hasMemory = memoryKiB != nil
    }

    @inlinable
    public var slot: Int {
        get { Int(number) }
        set { number = UInt32(newValue) }
    }

    /// Cumulative.
    @inlinable
    public var cpuMicroseconds: UInt64? {
        get { hasCPU ? cpu : nil }
        set {
            cpu = newValue ?? 0
            hasCPU = newValue != nil
        }
    }

    /// Working set.
    @inlinable
    public var memoryKiB: UInt64? {
        get { hasMemory ? memory : nil }
        set {
            memory = newValue ?? 0
            hasMemory = newValue != nil
        }
    }
}
