// SPDX-License-Identifier: Apache-2.0

/// The containers of one pod as its kubelet reports them: which name the container with which id has.
public struct PodContainers: Sendable, Equatable {
    public let uid: String
    /// By the runtime's id, as it stands in cgroups and without the runtime's name. Containers of all three kinds; one that
    /// was not started yet has no id and is not in here, nor is the pod's sandbox.
    public let names: [String: String]

    public init(uid: String, names: [String: String]) {
        self.uid = uid
        self.names = names
    }

    /// Field numbers of core/v1 (k8s.io/api/core/v1/generated.proto).
    private enum Number {
        /// Of Pod.
        static let status: UInt64 = 3
        /// Of PodStatus: containerStatuses, initContainerStatuses, ephemeralContainerStatuses.
        static let containers: Set<UInt64> = [8, 10, 13]
        /// Of ContainerStatus.
        static let name: UInt64 = 1
        static let containerID: UInt64 = 8
    }

    /// Decodes a core/v1.Pod. Its spec, which is most of it, is passed over.
    init(_ body: RawSpan) throws(KubeDecodingError) {
        let metadata = try ObjectMetadata(body, try PartialMetadata.metadataRange(body), KubeDecodingOptions())
        guard !metadata.uid.isEmpty else { throw KubeDecodingError("a pod without a uid") }
        var names: [String: String] = [:]
        var pod = ProtoCursor(0..<body.byteCount)
        while let field = try pod.next(in: body) {
            guard field.number == Number.status, case .bytes(let range) = field.value else { continue }
            var status = ProtoCursor(range)
            while let field = try status.next(in: body) {
                guard Number.containers.contains(field.number), case .bytes(let range) = field.value,
                    let (id, name) = try Self.container(body, range)
                else { continue }
                names[id] = name
            }
        }
        (uid, self.names) = (metadata.uid, names)
    }

    /// One ContainerStatus; nil when it has no id or no name.
    private static func container(
        _ body: RawSpan, _ range: Range<Int>
    ) throws(KubeDecodingError) -> (id: String, name: String)? {
        var (name, url) = ("", "")
        var cursor = ProtoCursor(range)
        while let field = try cursor.next(in: body) {
            guard case .bytes(let range) = field.value else { continue }
            if field.number == Number.name { name = try body.text(range) }
            if field.number == Number.containerID { url = try body.text(range) }
        }
        // Such as containerd://0123…
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let id = String(url[scheme.upperBound...])
        return id.isEmpty || name.isEmpty ? nil : (id, name)
    }
}
