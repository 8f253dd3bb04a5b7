// SPDX-License-Identifier: Apache-2.0
import Aggregator
import ArgumentParser
import Console

/// Flags that say which cluster, and what our objects in it are called.
struct ClusterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How to reach the API server (default: as this pod's ServiceAccount).", valueName: "file"))
    var kubeconfig: String?

    @Option(help: ArgumentHelp("The same for reviews of tokens (default: as all else).", valueName: "file"))
    var authenticationKubeconfig: String?

    @Option(help: ArgumentHelp("The same for reviews of access (default: as all else).", valueName: "file"))
    var authorizationKubeconfig: String?

    @Option(help: ArgumentHelp("Where our objects are (default: the ServiceAccount's).", valueName: "name"))
    var namespace: String?

    @Option(help: ArgumentHelp("The Service of the API; its name is in our certificate.", valueName: "name"))
    var serviceName = "metrics-push"

    @Option(help: ArgumentHelp("The headless Service that agents push to.", valueName: "name"))
    var pushServiceName = "metrics-push-ingest"

    @Option(
        help: ArgumentHelp(
            "Further names and addresses for our certificate, such as the pod's own.", valueName: "name,..."))
    var certificateNames: String?

    @Option(
        help: ArgumentHelp(
            "The Secret that replicas share their CA in, and the ConfigMap that agents get it from.",
            valueName: "name"))
    var caName = "metrics-push-ca"

    @Option(
        help: ArgumentHelp(
            "Serve this certificate, followed by its intermediates, instead of one of our own CA.", valueName: "file"))
    var tlsCertFile: String?

    @Option(help: ArgumentHelp("Its private key. Both files are read again when they change.", valueName: "file"))
    var tlsPrivateKeyFile: String?

    @Option(help: ArgumentHelp("The audience that agents' tokens must be made for.", valueName: "name"))
    var agentAudience = "metrics-push"

    @Option(
        help: ArgumentHelp("The agents' ServiceAccount, in our namespace or another.", valueName: "[namespace:]name"))
    var agentServiceAccount = "metrics-push-agent"

    @Option(
        help: ArgumentHelp(
            "Take agents with a client certificate for system:node:NAME that this CA issued.", valueName: "file"))
    var agentClientCaFile: String?

    func apply(to configuration: inout ClusterConfiguration) throws {
        configuration.kubeconfig = kubeconfig
        configuration.authenticationKubeconfig = authenticationKubeconfig
        configuration.authorizationKubeconfig = authorizationKubeconfig
        configuration.namespace = namespace
        configuration.serviceName = serviceName
        configuration.pushServiceName = pushServiceName
        configuration.extraNames = (certificateNames ?? "").split(separator: ",").map(String.init)
        configuration.authorityName = caName
        guard (tlsCertFile == nil) == (tlsPrivateKeyFile == nil) else {
            throw ValidationError(
                "--tls-cert-file and --tls-private-key-file go together; "
                    + (tlsCertFile == nil ? "--tls-cert-file is missing" : "--tls-private-key-file is missing"))
        }
        configuration.certificateFile = tlsCertFile
        configuration.keyFile = tlsPrivateKeyFile
        configuration.agentAudience = agentAudience
        configuration.agentServiceAccount = agentServiceAccount
        configuration.agentClientCAFile = agentClientCaFile
    }
}
