// SPDX-License-Identifier: Apache-2.0
import CKubeProto

/// Who stands behind a Service. Deprecated since Kubernetes 1.33 in favour of EndpointSlices, and served by all versions.
public struct Endpoints: Sendable, Equatable {
    public struct Address: Sendable, Equatable {
        public let ip: String
        /// Empty when unknown.
        public let nodeName: String
        /// The pod's name; empty for addresses that are no pod's.
        public let podName: String
    }

    public struct Port: Sendable, Equatable {
        /// Empty when the Service has one port without a name.
        public let name: String
        public let port: Int32
    }

    /// Addresses that share their ports.
    public struct Subset: Sendable, Equatable {
        public let ready: [Address]
        public let notReady: [Address]
        public let ports: [Port]
    }

    public let subsets: [Subset]

    init(_ body: RawSpan) throws(KubeDecodingError) {
        subsets = unsafe try unpack(body, kube__endpoints__unpack) { (message) throws(KubeDecodingError) in
            unsafe try mapMessages(message.pointee.subsets, message.pointee.n_subsets) {
                (subset) throws(KubeDecodingError) in
                Subset(
                    ready: unsafe try mapMessages(subset.addresses, subset.n_addresses, Self.address),
                    notReady: unsafe try mapMessages(
                        subset.not_ready_addresses, subset.n_not_ready_addresses, Self.address),
                    ports: unsafe try mapMessages(subset.ports, subset.n_ports) { (port) throws(KubeDecodingError) in
                        Port(name: try unsafe port.name.text("a port's name"), port: unsafe port.port)
                    })
            }
        }
    }

    private static func address(_ address: Kube__EndpointAddress) throws(KubeDecodingError) -> Address {
        var podName = ""
        if let target = unsafe address.target_ref?.pointee, try unsafe target.kind.text("a target") == "Pod" {
            podName = try unsafe target.name.text("a target's name")
        }
        return Address(
            ip: try unsafe address.ip.text("an address"),
            nodeName: try unsafe address.node_name.text("an address's node"), podName: podName)
    }
}
