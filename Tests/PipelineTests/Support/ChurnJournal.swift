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
    func expectPossible(_ sweeps: [RecordingPeer.Sweep], interval: Int64) -> Int {
        // So far behind the kernel's clocks may be.
        let grain: Int64 = 20_000_000
        var last: [UInt64: (time: Int64, cpu: UInt64)] = [:]
        // The time of the sweep before the one that first saw it.
        var seen: [UInt64: Int64] = [:]
        for (index, sweep) in sweeps.enumerated() {
            for sample in sweep.samples {
                let identity = sample.identity
                guard let life = lives[identity.generation] else { continue }
                let before = seen[identity.generation] ?? (index > 0 ? sweeps[index - 1].time : .min / 2)
                seen[identity.generation] = before
                if identity.born, let start = identity.startTimeMicroseconds {
                    // A link of an older container can have been left there: then this one is called as old as that sweep.
                    let earliest = min(life.born, before) - grain
                    #expect(start * 1_000 >= earliest, "called older than it is: \(sample), \(life)")
                    // Its birth is noted before its cgroup is made, so the first sweep after it may have come in between.
                    let due = sweeps.lazy.map(\.time).filter { $0 > life.born + grain }.dropFirst().first ?? .max / 2
                    let latest = max(life.born + 2 * interval, due + grain)
                    #expect(start * 1_000 <= latest, "called born long after: \(sample), \(life)")
                }
                // The time is that of the CPU's reading; without one it is the sweep's, which begins before it finds the
                // container.
                let early = sample.cpuNanoseconds == nil ? interval : grain
                #expect(sample.time >= life.born - early && sample.time <= life.died + grain, "\(sample), \(life)")
                guard let cpu = sample.cpuNanoseconds else { continue }
                // The wire has whole µs, rounded down.
                #expect(cpu <= life.cpuNanoseconds, "more than it ever used: \(sample), \(life)")
                if let earlier = last[identity.generation] {
                    #expect(cpu >= earlier.cpu && sample.time >= earlier.time, "it went back: \(sample), \(earlier)")
                }
                last[identity.generation] = (sample.time, cpu)
            }
        }
        return seen.count
    }
}
