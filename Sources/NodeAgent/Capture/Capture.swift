// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console
import Glibc
import TLS

/// `agent --capture`: writes what the agent reads of this node to an archive that `agent --root` reads elsewhere.
enum Capture {
    static func run(_ options: AgentOptions) throws {
        // A reader of standard output that goes away is an error of the write.
        signal(SIGPIPE, SIG_IGN)
        let signals = try SignalDescriptor()
        let capture = try NodeCapture(roots: options.roots)
        let output = try CaptureOutput(options.captureFile)
        capture.readEarlier()
        // As long as between the readings of --dump, so that rates are the same.
        signals.wait(until: .after(Dump.pause))
        try capture.write(nodeName: options.nodeName) { entry in
            guard !signals.isRaised else { throw FlagError("--capture: stopped by a signal") }
            try output.write(TarArchive.encode(entry))
        }
        try output.write(TarArchive.end)
        try output.finish()
        StandardError.write(report(capture.summary, output.name, bytes: output.written))
    }

    static func report(_ summary: CaptureSummary, _ name: String, bytes: Int) -> String {
        var text =
            "agent: captured \(summary.cgroups) cgroups and \(summary.links) log links: \(summary.files) files, "
            + "\((bytes + 1023) >> 10) KiB in \(name)\n"
        if summary.skipped > 0 { text += "agent: \(summary.skipped) files could not be read and are left out\n" }
        for problem in summary.problems { text += "agent: warning: \(printable(problem))\n" }
        return text
    }
}
