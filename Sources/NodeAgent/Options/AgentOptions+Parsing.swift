import CKernel
// SPDX-License-Identifier: Apache-2.0
package import Console
import Glibc

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
        if options.nodeName.isEmpty { options.nodeName = environment("NODE_NAME") ?? "" }
        if options.nodeName.isEmpty { options.nodeName = HostName.current }
        if options.podUID.isEmpty { options.podUID = environment("POD_UID") ?? "" }
        try options.validate()
        return .run(options)
    }

    private func validate() throws(FlagError) {
        guard !nodeName.isEmpty else { throw FlagError("--node-name: this host has no name; give the node's") }
        if isDump { return }
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

    /// Cuts the arguments into flags and their values.
    private static func split(_ arguments: [String]) throws(FlagError) -> [(name: String, value: String)] {
        let table =
            AgentFlag.all.map { (name: $0.name, short: $0.short, takesValue: $0.argument != nil) }
            + [("help", "h", false), ("version", nil, false)]
        let shorts =
            ":" + table.compactMap { flag in flag.short.map { "\($0)" + (flag.takesValue ? ":" : "") } }.joined()
        // getopt_long permutes argv and keeps pointers into it, so both live in C memory until it is done.
        var argv = unsafe arguments.map { unsafe strdup($0) as UnsafeMutablePointer<CChar>? }
        unsafe argv.append(nil)
        let names = unsafe table.map { unsafe strdup($0.name) }
        defer {
            for unsafepointer in unsafe argv { unsafe free(pointer) }
            for unsafepointer in unsafe names { unsafe free(pointer) }
        }
        var longs = unsafe zip(table, names).enumerated().map { index, flag in
            unsafe option(
                name: flag.1, has_arg: flag.0.takesValue ? required_argument : no_argument, flag: nil,
                val: Self.firstLong + Int32(index))
        }
        unsafe longs.append(option())
        // 0 makes glibc start over, also with the leading ':' that lets us word the errors.
        CKernel_set_optind(0)
        var found: [(name: String, value: String)] = []
        while true {
            let before = CKernel_optind()
            let code = unsafe getopt_long(Int32(arguments.count), &argv, shorts, longs, nil)
            if code == -1 { break }
            if code == Self.unknown || code == Self.withoutValue {
                let culprit =
                    unsafe argv[Int(max(before, CKernel_optind()) - 1)].map { unsafe String(cString: $0) } ?? ""
                throw problem(code, culprit)
            }
            let index =
                table.firstIndex { $0.short.map { Int32($0.asciiValue ?? 0) } == code } ?? Int(code - Self.firstLong)
            let value = unsafe CKernel_optarg().map { unsafe String(cString: $0) } ?? ""
            found.append((table[index].name, value))
        }
        if CKernel_optind() < arguments.count, let extra = unsafe argv[Int(CKernel_optind())] {
            throw unsafe FlagError("unexpected argument \"\(String(cString: extra))\"; see agent --help")
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
        let candidates = AgentFlag.all.filter { "--\($0.name)".hasPrefix(name) && name.count > 2 }
        if candidates.count > 1 {
            let names = candidates.map { "--\($0.name)" }.joined(separator: ", ")
            return FlagError("\(name) could be \(names); spell it out")
        }
        if let exact = candidates.first, exact.argument == nil {
            return FlagError("--\(exact.name) takes no value; see agent --help")
        }
        return FlagError("unknown flag \(culprit); see agent --help")
    }
}
