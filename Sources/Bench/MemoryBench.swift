// SPDX-License-Identifier: Apache-2.0

/// `Bench memory --pid PID --name NAME`: what a process holds, as NAME.rss and NAME.anonymous.
enum MemoryBench {
    static func run(_ flags: inout Flags) throws {
        let process = try ObservedProcess(pid: try flags.number("pid", 1...Int(Int32.max)))
        let name = try flags.text("name")
        try flags.finish()
        let memory = try process.memory()
        try record("\(name).rss", memory.resident)
        try record("\(name).anonymous", memory.anonymous)
    }
}
