// SPDX-License-Identifier: Apache-2.0

/// `Bench dump --agent FILE --kubepods PATH --log-root DIR --containers N --pause MS`: from the exec of `agent --dump` to the
/// last byte of its table, less the pause between its two reads, as dump.N.ns.
enum DumpBench {
    static func run(_ flags: inout Flags) throws {
        let arguments = [
            try flags.text("agent"), "--dump", "--kubepods-root", try flags.text("kubepods"), "--log-root",
            try flags.text("log-root"),
        ]
        let containers = try flags.number("containers", 1...20_000)
        let pause = Int64(try flags.number("pause", 0...60_000)) * 1_000_000
        try flags.finish()
        let (text, nanoseconds) = try ChildOutput.of(arguments)
        // More is said than the containers, and how is not this measurement's business.
        let lines = text.count { $0 == UInt8(ascii: "\n") }
        guard lines > containers, nanoseconds > pause else {
            throw BenchError(
                "agent --dump took \(nanoseconds) ns and printed \(lines) lines for \(containers) containers")
        }
        try record("dump.\(containers).ns", nanoseconds - pause)
    }
}
