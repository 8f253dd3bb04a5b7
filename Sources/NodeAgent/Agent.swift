// SPDX-License-Identifier: Apache-2.0
import CKernel
import Cgroups
import Console
import Glibc
import TLS
import Wire

/// The agent's whole process.
public enum Agent {
    /// - Returns: the exit status.
    public static func main(arguments: [String]) -> Int32 {
        CKernel_use_one_arena()
        let command: AgentCommand
        do {
            command = try AgentOptions.parse(arguments) { unsafe getenv($0).map { unsafe String(cString: $0) } }
        } catch {
            StandardError.write("agent: \(error)\n")
            return ExitStatus.usage
        }
        switch command {
        case .help:
            StandardOutput.write(Usage.text)
            return ExitStatus.success
        case .version:
            StandardOutput.write("agent \(Version.text)\n")
            return ExitStatus.success
        case .run(let options):
            do {
                switch options.action {
                case .push: try run(options)
                case .dump: try Dump.run(options)
                case .capture: try Capture.run(options)
                case .doctor: return AgentDoctor.run(options) ? ExitStatus.success : ExitStatus.failure
                case .explain(let target):
                    return try Explain.run(target, options) ? ExitStatus.success : ExitStatus.failure
                case .manual: StandardOutput.write(Manual.text)
                case .completion(let shell): StandardOutput.write(shell.script)
                }
                return ExitStatus.success
            } catch {
                // Directories that others make are named in it.
                StandardError.write("agent: \("\(error)".withControlsEscaped)\n")
                return ExitStatus.failure
            }
        }
    }

    /// What the groups get beyond the goodbye to see their sessions end.
    private static let joinSlack: Duration = .milliseconds(500)

    private static func run(_ options: AgentOptions) throws {
        // A peer that goes away while we write is an error of that write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let signals = try SignalDescriptor()
        let log = AgentLog(level: options.logLevel)
        let sampler = try NodeSampler(roots: options.roots)
        let settings = try pushSettings(options, sampler, log)
        let feed = FrameFeed()
        let endpoint = try RunningEndpoint(options, pushes: settings.registry, log)
        var threads: [ThreadBox] = []
        for endpoint in options.aggregators {
            let group = try PusherGroup(endpoint: endpoint, settings: settings, feed: feed)
            threads.append(ThreadBox(try WorkerThread(name: "resolve") { group.run() }))
        }
        log.info(
            "agent started", ("node", options.nodeName), ("interval", DurationFlag.format(options.interval)),
            ("mode", "\(sampler.mode)"), ("kubepods", sampler.kubepodsPath), ("version", Version.text))
        SampleLoop(
            sampler: sampler, feed: feed, interval: options.interval, log: log, signals: signals,
            board: endpoint?.board, details: endpoint?.details
        ).run()
        feed.finish()
        endpoint?.stop()
        log.info("shutting down")
        // A look-up can block for as long as the resolver likes; the process does not wait for it.
        let deadline = Deadline.after(settings.times.goodbye + Self.joinSlack)
        if let endpoint { threads.append(endpoint.thread) }
        for thread in threads where !thread.join(by: deadline) { thread.leaveToProcess() }
    }

    private static func pushSettings(
        _ options: AgentOptions, _ sampler: NodeSampler, _ log: AgentLog
    ) throws -> PushSettings {
        let credential = options.tokenFile.isEmpty ? nil : CredentialFile(path: options.tokenFile)
        // Whatever is wrong with a file is said now, not with each attempt to connect.
        _ = try credential?.read()
        let contexts = ClientContexts(
            files: .init(
                ca: options.caFile, certificate: options.certificateFile.isEmpty ? nil : options.certificateFile,
                key: options.keyFile.isEmpty ? nil : options.keyFile),
            alpn: [PushProtocol.alpn])
        if !options.waitsForCA {
            do throws(TLSError) {
                _ = try contexts.current()
            } catch {
                throw FlagError(error.message)
            }
        }
        return PushSettings(
            context: { () throws(TLSError) in try contexts.current() },
            serverName: options.serverName.isEmpty ? nil : options.serverName,
            credential: credential,
            hello: Hello(
                protocolVersion: PushProtocol.protocolVersion, nodeName: options.nodeName, bootID: sampler.bootID,
                agentVersion: Version.text, intervalMilliseconds: UInt32(clamping: options.interval.wholeMilliseconds),
                credential: "", capacityMillicores: sampler.capacity.cpuMillicores,
                capacityMemoryBytes: sampler.capacity.memoryBytes, cgroupMode: WireCgroupMode(sampler.mode)),
            interval: options.interval, log: log)
    }
}

extension AgentOptions {
    var roots: NodeRoots {
        NodeRoots(
            cgroup: cgroupRoot, proc: procRoot, logs: logRoot, kubepods: kubepodsRoot.isEmpty ? nil : kubepodsRoot,
            ownPodUID: podUID.isEmpty ? nil : podUID, capture: root.isEmpty ? nil : root)
    }
}

extension WireCgroupMode {
    init(_ mode: CgroupMode) {
        self =
            switch mode {
            case .v1: .v1
            case .v2: .v2
            case .hybrid: .hybrid
            }
    }
}
