// SPDX-License-Identifier: Apache-2.0
//
// The API server of a cluster whose nodes are a swarm's, as far as an aggregator asks it: pods and nodes as metadata, in
// pages and watches; reviews; the CAs it publishes; the objects that the aggregator keeps its own CA in. Real HTTP over
// verified TLS on a loopback port.
//
//   BenchCluster serve --pods FILE --dir DIR
//
// FILE: what `swarm --list` printed. In DIR, which must be there, it writes what the clients need: kubeconfig for the
// aggregator, front-proxy.crt and .key for who asks as the API server does, tokens/N for the agent of node N, and
// deployments, a line of namespace, app and the label that all pods have. `ready` comes last. `ca.crt` comes when the
// aggregator has published its CA. Lines that a swarm appends to replaced-pods (its --replaced-file) are told to watches.
import Console
import Glibc

do {
    var flags = try Flags(Array(CommandLine.arguments.dropFirst()))
    guard flags.command == "serve" else {
        throw BenchError("usage: BenchCluster serve --pods FILE --dir DIR", isUsage: true)
    }
    let pods = try ClusterPods(list: TextFile.read(try flags.text("pods")))
    let directory = try flags.text("dir")
    try flags.finish()
    var cluster = try await BenchCluster(pods, directory: directory)
    try await cluster.run()
} catch {
    StandardError.write("BenchCluster: \(error)\n")
    exit((error as? BenchError)?.isUsage == true ? ExitStatus.usage : ExitStatus.failure)
}
