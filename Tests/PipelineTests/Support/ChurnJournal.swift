// SPDX-License-Identifier: Apache-2.0
import TLSTestSupport
import Testing
import Wire

/// What `Churn` did: every container that it made, by the inode of its cgroup.
struct ChurnJournal {
    struct Life {
        /// The kernel's counter when nothing ran in it any more, ns.
        let cpuNanoseconds: UInt64
        /// Real time, ns.
        let born: Int64
        let died: Int64
    }

    let lives: [UInt64: Life]

    init(file: String) throws {
        var lives: [UInt64: Life] = [:]
        let text = try ChildProcess.check(["cat", file])
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 4, let inode = UInt64(words[0]), let cpu = UInt64(words[1]),
                let born = Int64(words[2]), let died = Int64(words[3])
            else { throw Program.Failure(description: "no line of a journal: \(line)") }
            lives[inode] = Life(cpuNanoseconds: cpu, born: born, died: died)
        }
        self.lives = lives
    }

    /// Expects that no sample has a figure that its container's counter never had, and that each was called born only if
    /// it was.
    /// - Parameter interval: between sweeps, ns.
    /// - Returns: of how many containers there were samples.
    func expectPossible(_ samples: [RecordingPeer.Sample], interval: Int64) -> Int {
        var last: [UInt64: (time: Int64, cpu: UInt64)] = [:]
        var seen: Set<UInt64> = []
        for sample in samples {
            let identity = sample.identity
            guard let life = lives[identity.generation] else { continue }
            seen.insert(identity.generation)
            if identity.born, let start = identity.startTimeMicroseconds {
                // An older container's link can have been left there under its name.
                #expect(start * 1_000 >= life.born - 2 * interval, "called older than it is: \(sample), \(life)")
                #expect(start * 1_000 <= life.born + 2 * interval, "called born long after: \(sample), \(life)")
            }
            // The time is that of the CPU's reading, with a clock of the kernel's grain on either side; without one it is the
            // sweep's, which begins before it finds the container.
            let grain: Int64 = 20_000_000
            let early = sample.cpuNanoseconds == nil ? interval : grain
            #expect(sample.time >= life.born - early && sample.time <= life.died + grain, "\(sample), \(life)")
            guard let cpu = sample.cpuNanoseconds else { continue }
            // The wire has whole µs, rounded down.
            #expect(cpu <= life.cpuNanoseconds, "more than it ever used: \(sample), \(life)")
            if let before = last[identity.generation] {
                #expect(cpu >= before.cpu && sample.time >= before.time, "it went back: \(sample), \(before)")
            }
            last[identity.generation] = (sample.time, cpu)
        }
        return seen.count
    }
}
