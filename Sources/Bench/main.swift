// SPDX-License-Identifier: Apache-2.0
//
// The measuring half of `make bench`; Benchmarks/bench is the other half, which starts what is measured. Each command
// prints lines of a name and a number; `Bench report` makes a table of all of them.
import Console
import Glibc

do {
    var flags = try Flags(Array(CommandLine.arguments.dropFirst()))
    switch flags.command {
    case "wire": try WireBench.run(&flags)
    case "sweep": try SweepBench.run(&flags)
    case "heap": try HeapBench.run(&flags)
    case "dump": try DumpBench.run(&flags)
    case "agent": try AgentBench.run(&flags)
    case "memory": try MemoryBench.run(&flags)
    case "handshakes": try HandshakeBench.run(&flags)
    case "pods": try PodsBench.run(&flags)
    case "ingest": try IngestBench.run(&flags)
    case "answers": try AnswerBench.run(&flags)
    case "storm": try StormBench.run(&flags)
    case "endurance": try EnduranceBench.run(&flags)
    case "report": try Report.run(&flags)
    case "endurance-report": try EnduranceReport.run(&flags)
    default: throw BenchError("\"\(flags.command)\" is no command; see Benchmarks/bench for their use", isUsage: true)
    }
} catch {
    StandardError.write("bench: \(error)\n")
    exit((error as? BenchError)?.isUsage == true ? ExitStatus.usage : ExitStatus.failure)
}
