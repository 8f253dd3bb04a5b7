// SPDX-License-Identifier: Apache-2.0

/// Flags of metrics-server that mean nothing here: its Deployment's arguments may be kept while moving over.
enum MigrationFlags {
    /// Name → whether it takes a value, and what to know about it.
    private static let known: [String: (takesValue: Bool, note: String)] = {
        let kubelet = "no kubelet is asked"
        var flags: [String: (takesValue: Bool, note: String)] = [
            "kubelet-insecure-tls": (false, kubelet), "kubelet-use-node-status-port": (false, kubelet),
            "deprecated-kubelet-completely-insecure": (false, kubelet),
            "metric-resolution": (true, "the agents' --interval says how often they push"),
            "cert-dir": (true, "the certificate is kept in memory, its CA in a Secret"),
        ]
        for name in [
            "kubelet-port", "kubelet-preferred-address-types", "kubelet-certificate-authority",
            "kubelet-client-certificate", "kubelet-client-key", "kubelet-request-timeout",
        ] {
            flags[name] = (true, kubelet)
        }
        return flags
    }()

    /// - Returns: the arguments without those flags, and a sentence for each that was there.
    static func removed(from arguments: [String]) -> (rest: [String], warnings: [String]) {
        var rest: [String] = []
        var warnings: [String] = []
        var arguments = arguments[...]
        while let argument = arguments.popFirst() {
            let spelling = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard argument.hasPrefix("--"), let flag = known[String(spelling[0].dropFirst(2))] else {
                rest.append(argument)
                continue
            }
            if flag.takesValue, spelling.count == 1 { _ = arguments.popFirst() }
            warnings.append("\(spelling[0]) has no meaning here: \(flag.note)")
        }
        return (rest, warnings)
    }
}
