// SPDX-License-Identifier: Apache-2.0
import Glibc
import Wire

@testable import NodeAgent

extension SampleEncoder {
    /// A sweep of containers that are the same in every sweep.
    /// - Parameter time: seconds on the boot clock, and what each container has used by then, µs.
    mutating func sweep(time: UInt64, containers: Int) {
        begin(
            bootTimeMicroseconds: time * 1_000_000, realTimeMicroseconds: 1_700_000_000_000_000,
            node: NodeCounters(timeMicroseconds: time * 1_000_000, cpuMicroseconds: time * 100, memoryKiB: 5))
        for slot in 0..<containers {
            add(
                slot: slot,
                identity: ContainerIdentity(
                    podUID: "uid-\(slot)", containerID: "c\(slot)", namespace: "ns", pod: "pod-\(slot)",
                    container: String(repeating: "c", count: 50)))
            record(
                slot: slot, timeMicroseconds: time * 1_000_000 + UInt64(slot), cpuMicroseconds: time,
                memoryKiB: 100)
        }
    }
}

extension EncodedFrame {
    var body: [UInt8] { Array(bytes.dropFirst(FrameHeader.byteCount)) }
}

extension EventSignal {
    /// Whether it was raised since it was last asked.
    var takeRaise: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, 0) > 0 else { return false }
        drain()
        return true
    }
}
