// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console
import Glibc
import TLS

/// `agent --doctor`: looks at everything that has to be so for a node to be reported, and says what to do about what is
/// not. It changes nothing, and the running agent does not notice.
enum AgentDoctor {
    /// Sweeps that files are timed over, unless the time is up or there are enough reads.
    static let rounds = 20
    static let patience: Duration = .seconds(3)
    static let enoughReads = 20_000

    /// Prints the report.
    /// - Returns: whether nothing failed.
    static func run(_ options: AgentOptions) -> Bool {
        let findings = findings(options)
        switch options.dump.format {
        case .json: StandardOutput.write(json(findings))
        case .table, .wide, .csv, .openmetrics:
            let style = ReportStyle.ofStandardOutput { name in
                unsafe getenv(name).map { unsafe String(cString: $0) }
            }
            StandardOutput.write(style.render(findings))
        }
        return !findings.contains { $0.verdict == .fail }
    }

    static func findings(_ options: AgentOptions) -> [Finding] {
        var findings = nodeFindings(options)
        findings += ClockCheck.run(now: LogLine.now(), logs: NodeLogs(at: options.logRoot))
        if !options.aggregators.isEmpty { findings += AggregatorCheck.run(options) }
        return findings
    }

    private static func nodeFindings(_ options: AgentOptions) -> [Finding] {
        let trace = SamplerTrace()
        var findings: [Finding] = []
        var look: NodeLook?
        do throws(CgroupError) {
            let sampler = try NodeSampler(roots: options.roots, trace: trace)
            try sweep(sampler, trace)
            look = NodeLook(sampler, trace)
        } catch {
            findings.append(.failed(error))
        }
        findings = TreeCheck.run(look, trace) + findings
        findings += AccessCheck.run(trace, logs: NodeLogs(at: options.logRoot), uid: geteuid(), gids: groups())
        if let look {
            findings += PodsCheck.run(look, ownUID: options.podUID, now: LogLine.now())
            findings += TimingCheck.run(trace)
            findings += ResourceCheck.run(look, limit: openFilesLimit())
        }
        if let probe = try? NodeProbe(roots: options.roots) {
            findings += KernelCheck.run(probe, kubepods: look?.kubepods ?? "")
        }
        return findings
    }

    private static func sweep(_ sampler: NodeSampler, _ trace: SamplerTrace) throws(CgroupError) {
        let deadline = Deadline.after(patience)
        for round in 0..<rounds where round == 0 || !deadline.hasPassed && trace.reads.count < enoughReads {
            _ = try sampler.sweep()
        }
    }

    private static func groups() -> [gid_t] {
        let most = max(0, getgroups(0, nil))
        var found = [gid_t](repeating: 0, count: Int(most))
        let count = unsafe getgroups(most, &found)
        return [getegid()] + found.prefix(Int(max(0, count)))
    }

    /// The sampler has raised it as far as it may.
    private static func openFilesLimit() -> UInt64 {
        var limit = rlimit()
        let result = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return result == 0 ? UInt64(limit.rlim_cur) : .max
    }

    static func json(_ findings: [Finding]) -> String {
        findings.map { finding in
            var line = JSONLine()
            line.add("verdict", finding.verdict.rawValue)
            line.add("subject", finding.subject)
            line.add("found", finding.found)
            line.add("fix", finding.fix)
            return line.text + "\n"
        }.joined()
    }
}

extension Finding {
    static func failed(_ error: CgroupError) -> Finding {
        let subject =
            switch error.code {
            case .noCgroupFilesystem: "cgroups"
            case .noKubepods, .ambiguousKubepods: "kubepods"
            case .permissionDenied: "permissions"
            case .unreadable: "files"
            case .tooFewDescriptors: "open files"
            case .tooManyContainers: "containers"
            }
        let reason = error.errno.map { " (\(ExplainText.error($0)))" } ?? ""
        return .fail(subject, "\(error.path): \(error.cause)\(reason)", fix: [error.wayOut])
    }
}
