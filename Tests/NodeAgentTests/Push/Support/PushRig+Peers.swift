// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLS
import TLSTestSupport
import Wire

@testable import NodeAgent

extension PushRig {
    /// A complete frame of almost 4 MiB: more than a socket takes for a peer that does not read.
    func publishHuge(_ time: UInt64) throws {
        try feed.publish { encoder in
            encoder.begin(
                bootTimeMicroseconds: time * 1_000_000, realTimeMicroseconds: 1_700_000_000_000_000,
                node: NodeCounters(timeMicroseconds: time * 1_000_000, cpuMicroseconds: time, memoryKiB: 5))
            let longest = String(repeating: "n", count: WireLimits.containerNameBytes)
            for slot in 0..<5_000 {
                encoder.add(
                    slot: slot,
                    identity: ContainerIdentity(
                        podUID: "u\(slot)", containerID: "c\(slot)", namespace: longest, pod: longest,
                        container: longest))
            }
        }
    }
}

/// Takes connections, reads and says nothing.
struct SilentServer {
    private let receipts: Watched<Int>
    private let server: LoopbackServer

    var address: SocketAddress { server.address }

    init() {
        let receipts = Watched(0)
        self.receipts = receipts
        server = LoopbackServer(connections: .max) { connection in
            while try !connection.receiveRaw().isEmpty { receipts.change { $0 += 1 } }
        }
    }

    /// Waits for the first bytes of a client.
    func heard() throws { try receipts.wait(until: "client") { $0 > 0 } }
}

func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }
