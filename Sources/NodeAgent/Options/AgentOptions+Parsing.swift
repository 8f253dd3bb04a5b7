// SPDX-License-Identifier: Apache-2.0
import CKernel
package import Console
import Glibc
import Synchronization

extension AgentOptions {
    /// Reads the command line with `getopt_long(3)`: GNU spellings, abbreviations and `--flag=value` as everywhere.
    /// - Parameters:
    ///   - arguments: with the program's name first.
    ///   - environment: `NODE_NAME` and `POD_UID` are looked up in it.
    /// - Throws: `FlagError` that names the flag and the way out; exit with status 2.
    package static func parse(
        _ arguments: [String], environment: (String) -> String?
    ) throws(FlagError) -> AgentCommand {
        var options = AgentOptions()
        for (name, value) in try split(arguments) {
            switch name {
            case "help": return .help
            case "version": return .version
            default:
                guard let flag = AgentFlag.all.first(where: { $0.name == name }) else { continue }
                do throws(FlagError) {
                    try flag.apply(&options, value)
                } catch {
                    throw error.of(flag: "--\(name)")
                }
            }
        }
        try options.takeFactsOfCapture()
        if options.nodeName.isEmpty { options.nodeName = environment("NODE_NAME") ?? "" }
        if options.nodeName.isEmpty { options.nodeName = HostName.current }
        if options.podUID.isEmpty { options.podUID = environment("POD_UID") ?? "" }
        try options.validate()
        return .run(options)
    }

    private func validate() throws(FlagError) {
        guard !nodeName.isEmpty else { throw FlagError("--node-name: this host has no name; give the node's") }
        try dump.validate(for: action)
        guard action == .push else { return }
        guard !metricsDetail || metricsAddress != nil else {
            throw FlagError("--metrics-detail adds to what --metrics-address serves, which is missing")
        }
        guard !aggregators.isEmpty else {
            throw FlagError("--aggregator is missing; name the aggregator as HOST:PORT, or use --dump to only print")
        }
        guard !caFile.isEmpty else {
            throw FlagError("--ca-file is missing; name the CA certificate of the aggregator")
        }
        guard certificateFile.isEmpty == keyFile.isEmpty else {
            throw FlagError(
                "--cert-file and --key-file go together; \(keyFile.isEmpty ? "--key-file" : "--cert-file") is missing")
        }
        guard !tokenFile.isEmpty || !certificateFile.isEmpty else {
            throw FlagError(
                "--token-file is missing; the aggregator takes samples only from an agent with a token, "
                    + "or with --cert-file and --key-file")
        }
    }

    private struct Spelling {
        let name: String
        var short: UInt8?
        let takesValue: Bool
    }

    private static let spellings: [Spelling] =
        (AgentFlag.all + AgentFlag.answered).map { flag in
            Spelling(name: flag.name, short: flag.short?.asciiValue, takesValue: flag.argument != nil)
        }

    /// A leading ':' lets us word the errors.
    private static var shortFlags: String {
        var text = ":"
        for spelling in spellings {
            guard let short = spelling.short else { continue }
            text.unicodeScalars.append(Unicode.Scalar(short))
            if spelling.takesValue { text += ":" }
        }
        return text
    }

    /// Cuts the arguments into flags and their values.
    private static func split(_ arguments: [String]) throws(FlagError) -> [(name: String, value: String)] {
        try scanner.withLock { _ throws(FlagError) in try scan(arguments) }
    }

    /// `getopt_long` keeps its place in globals.
    private static let scanner = Mutex(())

    private static func scan(_ arguments: [String]) throws(FlagError) -> [(name: String, value: String)] {
        var argv = unsafe CStrings(arguments)
        let names = unsafe CStrings(spellings.map(\.name))
        var longFlags = unsafe [option]()
        for (index, spelling) in spellings.enumerated() {
            unsafe longFlags.append(
                option(
                    name: names.pointers[index], has_arg: spelling.takesValue ? required_argument : no_argument,
                    flag: nil, val: firstLong + Int32(index)))
        }
        unsafe longFlags.append(option())
        // 0 makes glibc start over.
        CKernel_set_optind(0)
        var found: [(name: String, value: String)] = []
        while true {
            let before = CKernel_optind()
            let code = unsafe getopt_long(Int32(arguments.count), &argv.pointers, shortFlags, longFlags, nil)
            if code == -1 { break }
            if code == unknown || code == withoutValue {
                throw problem(code, unsafe argv[Int(max(before, CKernel_optind()) - 1)] ?? "")
            }
            let index = spellings.firstIndex { $0.short.map(Int32.init) == code } ?? Int(code - firstLong)
            let value = unsafe CKernel_optarg().map { unsafe String(cString: $0) } ?? ""
            found.append((spellings[index].name, value))
        }
        if let extra = unsafe argv[Int(CKernel_optind())] {
            throw FlagError("unexpected argument \"\(extra)\"; see agent --help")
        }
        return found
    }

    /// Codes of long flags; above any character.
    private static let firstLong: Int32 = 256
    private static let unknown = Int32(UInt8(ascii: "?"))
    private static let withoutValue = Int32(UInt8(ascii: ":"))

    private static func problem(_ code: Int32, _ culprit: String) -> FlagError {
        if code == withoutValue { return FlagError("\(culprit) needs a value; see agent --help") }
        let name = culprit.split(separator: "=", maxSplits: 1).first.map(String.init) ?? culprit
        let candidates = spellings.filter { name.count > 2 && "--\($0.name)".hasPrefix(name) }
        if candidates.count > 1 {
            let names = candidates.map { "--" + $0.name }.joined(separator: ", ")
            return FlagError("\(name) could be \(names); spell it out")
        }
        if let exact = candidates.first, !exact.takesValue {
            return FlagError("--\(exact.name) takes no value; see agent --help")
        }
        return FlagError("unknown flag \(culprit); see agent --help")
    }
}
