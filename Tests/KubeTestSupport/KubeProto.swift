// SPDX-License-Identifier: Apache-2.0

/// Kubernetes objects in protobuf by hand, so that tests depend on no encoder of ours. Field numbers: Kubernetes'
/// generated.proto files.
public struct KubeProto: Sendable {
    public static let mediaType = "application/vnd.kubernetes.protobuf"

    public var bytes: [UInt8] = []

    public init() {}

    private init(bytes: [UInt8]) { self.bytes = bytes }

    static func varint(_ value: UInt64) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(truncatingIfNeeded: value) | 0x80] + varint(value >> 7)
    }

    public func number(_ field: UInt64, _ value: UInt64) -> KubeProto {
        KubeProto(bytes: bytes + Self.varint(field << 3) + Self.varint(value))
    }

    public func raw(_ field: UInt64, _ content: [UInt8]) -> KubeProto {
        KubeProto(bytes: bytes + Self.varint(field << 3 | 2) + Self.varint(UInt64(content.count)) + content)
    }

    public func text(_ field: UInt64, _ text: String) -> KubeProto { raw(field, Array(text.utf8)) }
    public func message(_ field: UInt64, _ message: KubeProto) -> KubeProto { raw(field, message.bytes) }

    /// A map's entries.
    public func map(_ field: UInt64, _ entries: [String: String]) -> KubeProto {
        entries.sorted { $0.key < $1.key }.reduce(self) { proto, entry in
            proto.message(field, KubeProto().text(1, entry.key).text(2, entry.value))
        }
    }

    public static func envelope(_ apiVersion: String, _ kind: String, _ object: KubeProto) -> [UInt8] {
        [0x6B, 0x38, 0x73, 0x00]
            + KubeProto().message(1, KubeProto().text(1, apiVersion).text(2, kind)).raw(2, object.bytes)
            .text(3, "").text(4, "").bytes
    }

    /// meta/v1 ObjectMeta, with managedFields as the API server sends them.
    public static func metadata(
        _ name: String, namespace: String = "default", uid: String = "", version: String = "1",
        labels: [String: String] = [:], annotations: [String: String] = [:], managedBytes: Int = 0
    ) -> KubeProto {
        var meta = KubeProto().text(1, name).text(2, "").text(3, namespace).text(4, "")
            .text(5, uid.isEmpty ? "uid-\(name)" : uid).text(6, version).number(7, 0)
            .message(8, KubeProto().number(1, 1_700_000_000).number(2, 0)).map(11, labels).map(12, annotations)
        if managedBytes > 0 {
            let entry = KubeProto().text(1, "kube-controller-manager").text(2, "Update")
                .message(7, KubeProto().raw(1, [UInt8](repeating: UInt8(ascii: "f"), count: managedBytes)))
            meta = meta.message(17, entry)
        }
        return meta
    }

    /// An object that is nothing but its metadata.
    public static func partial(_ metadata: KubeProto) -> [UInt8] {
        envelope("meta.k8s.io/v1", "PartialObjectMetadata", KubeProto().message(1, metadata))
    }

    public static func list(
        _ apiVersion: String, _ kind: String, version: String, continueToken: String = "", _ items: [KubeProto]
    ) -> [UInt8] {
        let meta = KubeProto().text(1, "").text(2, version).text(3, continueToken)
        return envelope(apiVersion, kind, items.reduce(KubeProto().message(1, meta)) { $0.message(2, $1) })
    }

    public static func partialList(
        version: String, continueToken: String = "", _ items: [KubeProto]
    ) -> [UInt8] {
        list(
            "meta.k8s.io/v1", "PartialObjectMetadataList", version: version, continueToken: continueToken,
            items.map { KubeProto().message(1, $0) })
    }

    /// core/v1 ConfigMap.
    public static func configMap(_ metadata: KubeProto, _ data: [String: String]) -> KubeProto {
        KubeProto().message(1, metadata).map(2, data)
    }

    /// core/v1 Pod with its containers' statuses, each an id with the runtime's name in front of it and the container's
    /// name, in the order of the ids.
    public static func pod(
        _ metadata: KubeProto, containers: [String: String] = [:], initContainers: [String: String] = [:],
        ephemeralContainers: [String: String] = [:]
    ) -> KubeProto {
        func statuses(_ proto: KubeProto, _ field: UInt64, _ containers: [String: String]) -> KubeProto {
            containers.sorted { $0.key < $1.key }.reduce(proto) { proto, container in
                let running = KubeProto().message(2, KubeProto().message(1, KubeProto().number(1, 1_700_000_000)))
                return proto.message(
                    field,
                    KubeProto().text(1, container.value).message(2, running).message(3, KubeProto()).number(4, 1)
                        .number(5, 2).text(6, "registry/image:1").text(7, "registry/image@sha256:0")
                        .text(8, container.key).number(9, 1))
            }
        }
        var status = KubeProto().text(1, "Running").text(5, "10.0.0.1").text(6, "10.1.0.1")
        status = statuses(status, 8, containers)
        status = statuses(status.text(9, "Burstable"), 10, initContainers)
        status = statuses(status, 13, ephemeralContainers)
        let spec = KubeProto().message(2, KubeProto().text(1, "a container")).text(10, "node-1")
        return KubeProto().message(1, metadata).message(2, spec).message(3, status)
    }

    public static func status(_ code: Int, _ reason: String, _ message: String) -> [UInt8] {
        envelope(
            "v1", "Status",
            KubeProto().message(1, KubeProto()).text(2, "Failure").text(3, message).text(4, reason)
                .number(6, UInt64(code)))
    }

    /// meta/v1 WatchEvent.
    public static func watchEvent(_ type: String, _ object: [UInt8]) -> [UInt8] {
        KubeProto().text(1, type).message(2, KubeProto().raw(1, object)).bytes
    }

    public static func frame(_ event: [UInt8]) -> [UInt8] {
        let count = UInt32(event.count)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + event
    }
}

extension FakeAPIServer.Reply {
    public static func protobuf(_ body: [UInt8], status: Int = 200) -> Self {
        .answer(status: status, contentType: KubeProto.mediaType, headers: [:], body: body)
    }

    public static func status(
        _ code: Int, _ reason: String, _ message: String, headers: [String: String] = [:]
    ) -> Self {
        .answer(
            status: code, contentType: KubeProto.mediaType, headers: headers,
            body: KubeProto.status(code, reason, message))
    }
}
