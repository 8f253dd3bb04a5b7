// SPDX-License-Identifier: Apache-2.0
import Console
import Testing

@testable import NodeAgent

/// `getopt_long` keeps its place in globals: these tests run one after another, and no other suite parses.
@Suite("The agent's command line", .serialized)
struct ParsingTests {
    /// What an agent that pushes needs.
    static let needed = ["--aggregator", "host:1", "--ca-file", "ca", "--token-file", "token"]

    private func command(_ flags: [String], environment: [String: String] = [:]) throws(FlagError) -> AgentCommand {
        try AgentOptions.parse(["agent"] + flags) { environment[$0] }
    }

    private func options(_ flags: [String], environment: [String: String] = ["NODE_NAME": "n"]) throws -> AgentOptions {
        let command = try command(flags, environment: environment)
        guard case .run(let options) = command else {
            Issue.record("\(flags) ask for \(command)")
            return AgentOptions()
        }
        return options
    }

    private func message(_ flags: [String], environment: [String: String] = ["NODE_NAME": "n"]) -> String? {
        do {
            _ = try command(flags, environment: environment)
            return nil
        } catch {
            return error.message
        }
    }

    // MARK: What each flag does

    struct Case: Sendable, CustomTestStringConvertible {
        let flag: String
        var value: String?
        let check: @Sendable (AgentOptions) -> Bool
        var testDescription: String { "--\(flag) \(value ?? "")" }
    }

    static let cases = [
        Case(flag: "aggregator", value: "a.example:5,[::1]") {
            $0.aggregators == [Endpoint(host: "a.example", port: 5), Endpoint(host: "::1", port: 4444)]
        },
        Case(flag: "interval", value: "1m30s") { $0.interval == .seconds(90) },
        Case(flag: "ca-file", value: "/x y") { $0.caFile == "/x y" },
        Case(flag: "wait-for-ca") { $0.waitsForCA },
        Case(flag: "server-name", value: "s") { $0.serverName == "s" },
        Case(flag: "token-file", value: "t") { $0.tokenFile == "t" },
        Case(flag: "cert-file", value: "c") { $0.certificateFile == "c" },
        Case(flag: "key-file", value: "k") { $0.keyFile == "k" },
        Case(flag: "node-name", value: "other") { $0.nodeName == "other" },
        Case(flag: "cgroup-root", value: "/c") { $0.cgroupRoot == "/c" },
        Case(flag: "proc-root", value: "/p") { $0.procRoot == "/p" },
        Case(flag: "log-root", value: "/l") { $0.logRoot == "/l" },
        Case(flag: "kubepods-root", value: "a/b") { $0.kubepodsRoot == "a/b" },
        Case(flag: "pod-uid", value: "u") { $0.podUID == "u" },
        Case(flag: "metrics-address", value: ":0") { $0.metricsAddress == Endpoint(host: "", port: 0) },
        Case(flag: "metrics-detail") { $0.metricsDetail },
        Case(flag: "dump") { $0.action == .dump },
        Case(flag: "output", value: "json") { $0.dump.format == .json },
        Case(flag: "log-level", value: "debug") { $0.logLevel == .debug },
        Case(flag: "watch") { $0.dump.watches },
        Case(flag: "sort", value: "throttle") { $0.dump.sort == .throttle },
        Case(flag: "top", value: "3") { $0.dump.top == 3 },
        Case(flag: "namespace", value: "shop") { $0.dump.namespace == "shop" },
        Case(flag: "pod", value: "^web-[0-9]+$") { $0.dump.podPattern == "^web-[0-9]+$" },
        Case(flag: "since-start") { $0.dump.sinceStart },
        Case(flag: "explain", value: "default/web") { $0.action == .explain("default/web") },
        Case(flag: "doctor") { $0.action == .doctor },
        Case(flag: "capture", value: "x.tar") { $0.action == .capture && $0.captureFile == "x.tar" },
        Case(flag: "root", value: "/tmp/") { $0.root == "/tmp" },
        Case(flag: "manual") { $0.action == .manual },
        Case(flag: "completion", value: "zsh") { $0.action == .completion(.zsh) },
    ]

    @Test("the cases below cover the flag table")
    func complete() {
        #expect(Self.cases.map(\.flag) == AgentFlag.all.map(\.name))
        for flag in AgentFlag.all {
            #expect((flag.argument != nil) == (Self.cases.first { $0.flag == flag.name }?.value != nil))
        }
    }

    /// The flags that say what the run does.
    private static let actions: Set = ["dump", "explain", "doctor", "capture", "manual", "completion"]

    @Test("a flag is read with its value behind a blank or an equals sign", arguments: cases)
    func spelled(_ given: Case) throws {
        // --dump needs nothing else, so that the flag at hand is the only one that counts; a run does one thing.
        let beside = Self.actions.contains(given.flag) ? [] : ["--dump"]
        let plain = try options(["--dump"])
        #expect(given.flag == "dump" || !given.check(plain))
        guard let value = given.value else {
            #expect(given.check(try options(beside + ["--\(given.flag)"])))
            return
        }
        let separate = try options(beside + ["--\(given.flag)", value])
        let joined = try options(beside + ["--\(given.flag)=\(value)"])
        #expect(given.check(separate))
        #expect(separate == joined)
    }

    @Test("an empty value is an error that names the flag", arguments: cases.filter { $0.value != nil })
    func empty(_ given: Case) throws {
        let text = try #require(message(["--dump", "--\(given.flag)="]))
        #expect(text.hasPrefix("--\(given.flag): "))
        #expect(text.count > given.flag.count + 10)
    }

    @Test("the last flag counts, but aggregators add up, each once")
    func repeated() throws {
        let options = try options(
            ["--dump", "--node-name", "a", "--node-name", "b", "--aggregator", "x:1,y:2", "--aggregator=x:1,z:3"])
        #expect(options.nodeName == "b")
        #expect(options.aggregators.map(\.description) == ["x:1", "y:2", "z:3"])
    }

    @Test("an abbreviation that fits one flag is that flag")
    func abbreviated() throws {
        let options = try options(["--du", "--agg=x:1", "--int", "2s", "--node", "n2"])
        #expect(options.action == .dump && options.aggregators.count == 1 && options.interval == .seconds(2))
        #expect(options.nodeName == "n2")
        #expect(try command(["--vers"]) == .version)
    }

    @Test(
        "-o is --output, joined or apart",
        arguments: [["-o", "json"], ["-ojson"], ["--output=json"], ["--out", "json"]])
    func short(_ flags: [String]) throws {
        #expect(try options(["--dump"] + flags).dump.format == .json)
        #expect(try options(["--dump", "-o", "table"]).dump.format == .table)
    }

    @Test("help and version are answered whatever else is missing", arguments: ["--help", "-h", "--version"])
    func answers(_ flag: String) throws {
        let wanted: AgentCommand = flag == "--version" ? .version : .help
        #expect(try command([flag]) == wanted)
        #expect(try command(["--node-name", "n", flag]) == wanted)
    }

    // MARK: What is wrong

    @Test(
        "what is wrong is said with the flag and the way out",
        arguments: [
            (["--bogus"], "unknown flag --bogus; see agent --help"),
            (["--bogus=1"], "unknown flag --bogus=1; see agent --help"),
            (["-x"], "unknown flag -x; see agent --help"),
            (["first", "--bogus"], "unknown flag --bogus; see agent --help"),
            (["--dump=yes"], "--dump takes no value; see agent --help"),
            (["--du=yes"], "--dump takes no value; see agent --help"),
            (["--interval"], "--interval needs a value; see agent --help"),
            (["-o"], "-o needs a value; see agent --help"),
            (["--ca", "x"], "--ca could be --ca-file, --capture; spell it out"),
            (["--log=x"], "--log could be --log-root, --log-level; spell it out"),
            (["extra"], "unexpected argument \"extra\"; see agent --help"),
            (["--", "--dump"], "unexpected argument \"--dump\"; see agent --help"),
            (
                ["--interval", "5"],
                "--interval: \"5\" is not a duration; write a number with its unit, such as 5s, 500ms or 1m30s"
            ),
            (["--interval=999ms"], "--interval: \"999ms\" is out of range; it must be from 1s to 5m"),
            (["--interval=5m1s"], "--interval: \"5m1s\" is out of range; it must be from 1s to 5m"),
            (
                ["--interval", "--dump"],
                "--interval: \"--dump\" is not a duration; write a number with its unit, such as 5s, 500ms or 1m30s"
            ),
            (["--aggregator", "a:1,"], "--aggregator: \"\" is not an address; write HOST:PORT"),
            (["--aggregator", "a:0"], "--aggregator: \"a:0\" has no valid port; it must be a number from 1 to 65535"),
            (["-o", "yaml"], "--output: \"yaml\" is not a format; choose table, wide, json, csv or openmetrics"),
            (
                ["--sort", "size"],
                "--sort: \"size\" is nothing to sort by; choose cpu, memory, throttle, pressure, age or name"
            ),
            (["--top", "0"], "--top: \"0\" is no number of pods; give 1 or more"),
            (["--top=-1"], "--top: \"-1\" is no number of pods; give 1 or more"),
            (["--top=all"], "--top: \"all\" is no number of pods; give 1 or more"),
            (["--pod", "(web"], "--pod: \"(web\" is not a regular expression: Unmatched ( or \\("),

            (
                ["--log-level", "loud"],
                "--log-level: \"loud\" is not a log level; choose one of debug, info, warning, error"
            ),
        ] as [([String], String)])
    func wrong(flags: [String], text: String) {
        #expect(message(flags) == text)
    }

    @Test("every flag that takes a value says so when it is the last word", arguments: cases.filter { $0.value != nil })
    func withoutValue(_ given: Case) {
        #expect(message(["--\(given.flag)"]) == "--\(given.flag) needs a value; see agent --help")
    }

    @Test(
        "a push that lacks something names what is missing",
        arguments: [
            ([], "--aggregator is missing"),
            (["--metrics-detail"], "--metrics-detail adds to what --metrics-address serves"),
            (["--aggregator", "a"], "--ca-file is missing"),
            (["--aggregator", "a", "--ca-file", "c"], "--token-file is missing"),
            (["--aggregator", "a", "--ca-file", "c", "--cert-file", "x"], "--key-file is missing"),
            (["--aggregator", "a", "--ca-file", "c", "--key-file", "x"], "--cert-file is missing"),
            (
                ["--aggregator", "a", "--ca-file", "c", "--token-file", "t", "--key-file", "x"],
                "--cert-file is missing"
            ),
        ] as [([String], String)])
    func incomplete(flags: [String], text: String) throws {
        #expect(try #require(message(flags)).contains(text))
        #expect(message(flags + ["--dump"]) == nil)
    }

    @Test(
        "what only --dump obeys is an error without it",
        arguments: [
            ["--watch"], ["--sort=name"], ["--top", "1"], ["--namespace", "a"], ["-n", "a"], ["--pod", "a"],
            ["--since-start"],
        ])
    func withoutDump(_ flags: [String]) throws {
        let text = try #require(message(Self.needed + flags))
        let flag = flags[0] == "-n" ? "--namespace" : String(flags[0].prefix { $0 != "=" })
        #expect(text == "\(flag) goes with --dump, which is missing")
        #expect(message(["--dump"] + flags) == nil)
    }

    @Test("every format but OpenMetrics, which has an end, can be watched", arguments: DumpFormat.allCases)
    func watchedFormats(_ format: DumpFormat) {
        let text = message(["--dump", "--watch", "-o", format.rawValue])
        #expect((text != nil) == (format == .openmetrics))
        if let text { #expect(text.hasPrefix("--watch: ") && text.contains("another format")) }
    }

    @Test("a token, or a certificate with its key, is enough")
    func sufficient() throws {
        #expect(try options(Self.needed).tokenFile == "token")
        let certificate = ["--aggregator", "a", "--ca-file", "c", "--cert-file", "x", "--key-file", "y"]
        #expect(try options(certificate).certificateFile == "x")
    }

    // MARK: Defaults

    @Test("what is not given has the documented default")
    func defaults() throws {
        var expected = AgentOptions()
        expected.action = .dump
        expected.nodeName = HostName.current
        #expect(try options(["--dump"], environment: [:]) == expected)
        #expect(expected.interval == .seconds(5))
        #expect(
            expected.cgroupRoot == "/sys/fs/cgroup" && expected.procRoot == "/proc" && expected.logRoot == "/var/log")
        #expect(expected.logLevel == .info && expected.dump.format == .table)
    }

    @Test("NODE_NAME and POD_UID count where no flag says otherwise, and empty ones do not")
    func environment() throws {
        let environment = ["NODE_NAME": "from-env", "POD_UID": "uid"]
        let given = try options(["--dump"], environment: environment)
        #expect(given.nodeName == "from-env" && given.podUID == "uid")
        let overridden = try options(["--dump", "--node-name=flag", "--pod-uid=other"], environment: environment)
        #expect(overridden.nodeName == "flag" && overridden.podUID == "other")
        #expect(try options(["--dump"], environment: ["NODE_NAME": ""]).nodeName == HostName.current)
    }

    @Test("parsing again starts over, also after an error in the middle")
    func again() throws {
        let first = try options(["--dump", "--node-name", "a"])
        #expect(message(["--dump", "--bogus", "--node-name", "b"]) != nil)
        #expect(message(["-hx"]) == "unknown flag -hx; see agent --help")
        #expect(message(["one", "two", "--dump"]) == "unexpected argument \"one\"; see agent --help")
        #expect(try options(["--dump", "--node-name", "a"]) == first)
        #expect(try options(Self.needed).action == .push)
    }

    @Test("no arguments at all, not even the program's name, are an error and no crash")
    func nothing() {
        #expect(throws: FlagError.self) { try AgentOptions.parse([]) { _ in nil } }
    }
}
