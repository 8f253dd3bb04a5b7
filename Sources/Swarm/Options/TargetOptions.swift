// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Console
import TLS

/// Which aggregator, and how the agents get in.
struct TargetOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The aggregator's port for agents; a loopback address in numbers.", valueName: "host:port"))
    var aggregator: String?

    @Option(
        help: ArgumentHelp(
            "Name that the aggregator's certificate must carry (default: the address).", valueName: "name"))
    var serverName: String?

    @Option(help: ArgumentHelp("CA certificates that the aggregator's certificate must chain to.", valueName: "file"))
    var caFile: String?

    @Option(help: ArgumentHelp("Bearer token that speaks for the nodes.", valueName: "file"))
    var tokenFile: String?

    @Option(help: ArgumentHelp("Client certificate that speaks for the nodes, instead of a token.", valueName: "file"))
    var certFile: String?

    @Option(help: ArgumentHelp("The certificate's private key.", valueName: "file"))
    var keyFile: String?

    func address() throws -> SocketAddress {
        guard let aggregator else { throw ValidationError("--aggregator is missing; name the aggregator as HOST:PORT") }
        return try Usage.checked("--aggregator") { () throws(FlagError) in try LoopbackAddress.parse(aggregator) }
    }

    /// Reads the files.
    func credentials(nodes: Int) throws -> SwarmCredentials {
        guard let caFile else { throw ValidationError("--ca-file is missing; name the aggregator's CA certificate") }
        do {
            return try SwarmCredentials(
                caFile: caFile, tokenFile: tokenFile, certificateFile: certFile, keyFile: keyFile, nodes: nodes)
        } catch let error as FlagError {
            throw ValidationError("\(error)")
        }
    }
}
