// SPDX-License-Identifier: Apache-2.0
import Aggregator
import ArgumentParser
import Console
import Glibc

/// Flags of `--standalone`.
struct StandaloneOptions: ParsableArguments {
    @Flag(help: "Serve without an API server, on the loopback address only.")
    var standalone = false

    @Option(help: ArgumentHelp("Where --standalone keeps its CA, tokens and kubeconfig.", valueName: "dir"))
    var stateDir: String?

    @Option(
        help: ArgumentHelp(
            "The nodes that the standalone agent token speaks for (default: this host's name).", valueName: "name,..."))
    var nodeName: String?

    @Option(
        help: ArgumentHelp(
            "A file with such names, one a line; for more than fit into an argument.", valueName: "file"))
    var nodeNamesFile: String?

    func configuration(_ common: CommonOptions) throws -> StandaloneConfiguration {
        guard let stateDir, !stateDir.isEmpty else {
            throw ValidationError(
                "--standalone needs --state-dir DIR, a directory of its own to keep its CA and tokens in")
        }
        let configuration = try common.configuration(defaultAddress: "127.0.0.1")
        let address = configuration.bindAddress
        guard Self.isLoopback(address) else {
            throw ValidationError(
                "--bind-address: \"\(address)\" is not a loopback address; --standalone serves nothing else, "
                    + "give 127.0.0.1 or ::1")
        }
        let given = nodeName ?? (nodeNamesFile == nil ? HostName.current : nil)
        let names = given?.split(separator: ",").map(String.init) ?? []
        guard given == nil || !names.isEmpty else { throw ValidationError("--node-name: no name given") }
        return StandaloneConfiguration(
            common: configuration, stateDirectory: stateDir, nodeNames: names, nodeNamesFile: nodeNamesFile)
    }

    /// Only numbers: what a name leads to is not for us to say.
    private static func isLoopback(_ address: String) -> Bool {
        var octets = [UInt8](repeating: 0, count: 4)
        return address == "::1" || inet_pton(AF_INET, address, &octets) == 1 && octets[0] == 127
    }
}
