// SPDX-License-Identifier: Apache-2.0

/// What to do when the aggregator does not take the API server for a front proxy.
enum FrontProxyAdvice {
    /// 401: it shows a certificate that does not count.
    static let refused = [
        "the common name of kube-apiserver's --proxy-client-cert-file must be among --requestheader-allowed-names, and "
            + "--requestheader-client-ca-file must have issued it",
        "the aggregator's log and /readyz?verbose name the certificate: kubectl -n NAMESPACE logs deploy/metrics-push "
            + "| grep 'front proxy refused'",
        "where several API servers run, each must have the same --requestheader-* flags: the ConfigMap has room for one set",
    ]

    /// 403 as anonymous: it shows none.
    static let absent = ["start kube-apiserver with --proxy-client-cert-file and --proxy-client-key-file"]
}
