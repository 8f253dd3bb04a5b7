// SPDX-License-Identifier: Apache-2.0
import CKubeProto

/// A ConfigMap: names and texts.
public struct ConfigMap: KubeObject {
    public static var kind: StaticString { "ConfigMap" }

    public internal(set) var metadata: ObjectMetadata
    public var data: [String: String]
    public var binaryData: [String: [UInt8]]
    var isImmutable = false
    /// The metadata as the server sent it, written back with an update.
    var wireMetadata: [UInt8]?

    /// A new one.
    public init(metadata: ObjectMetadata, data: [String: String], binaryData: [String: [UInt8]] = [:]) {
        self.metadata = metadata
        self.data = data
        self.binaryData = binaryData
    }

    public init(protobuf body: RawSpan, options: KubeDecodingOptions) throws(KubeDecodingError) {
        let range = try PartialMetadata.metadataRange(body)
        metadata = try ObjectMetadata(body, range, options)
        wireMetadata = try ObjectMetadata.wireForm(body, range)
        (data, binaryData, isImmutable) = unsafe try unpack(body, kube__config_map__unpack) {
            (message) throws(KubeDecodingError) in
            var data: [String: String] = [:]
            let entries = unsafe try mapMessages(message.pointee.data, message.pointee.n_data) {
                (entry) throws(KubeDecodingError) in
                unsafe (key: try entry.key.text("a key"), value: try entry.value.text("a value"))
            }
            for entry in entries { data[entry.key] = entry.value }
            return unsafe (
                data, try byteMap(message.pointee.binary_data, message.pointee.n_binary_data),
                message.pointee.immutable != 0
            )
        }
    }

    func encoded() -> [UInt8] {
        let packer = Packer()
        let message = unsafe packer.make(kube__config_map__init)
        unsafe message.pointee.has_metadata = 1
        unsafe message.pointee.metadata = packer.bytes(wireMetadata ?? metadata.encoded())
        unsafe message.pointee.n_data = data.count
        unsafe message.pointee.data = packer.entries(data.map { (key: $0.key, value: Array($0.value.utf8)) })
        unsafe message.pointee.n_binary_data = binaryData.count
        unsafe message.pointee.binary_data = packer.entries(binaryData.map { (key: $0.key, value: $0.value) })
        if isImmutable { unsafe (message.pointee.has_immutable, message.pointee.immutable) = (1, 1) }
        return unsafe packer.body(message, apiVersion: "v1", kind: "ConfigMap")
    }
}

/// A Secret: names and bytes.
public struct Secret: KubeObject {
    public static var kind: StaticString { "Secret" }

    public internal(set) var metadata: ObjectMetadata
    /// As they are, not in base64.
    public var data: [String: [UInt8]]
    /// Such as `kubernetes.io/tls`. Cannot be changed once the Secret is there.
    public let type: String
    var isImmutable = false
    /// As in ``ConfigMap``.
    var wireMetadata: [UInt8]?

    /// A new one.
    public init(metadata: ObjectMetadata, data: [String: [UInt8]], type: String = "Opaque") {
        self.metadata = metadata
        self.data = data
        self.type = type
    }

    public init(protobuf body: RawSpan, options: KubeDecodingOptions) throws(KubeDecodingError) {
        let range = try PartialMetadata.metadataRange(body)
        metadata = try ObjectMetadata(body, range, options)
        wireMetadata = try ObjectMetadata.wireForm(body, range)
        (data, type, isImmutable) = unsafe try unpack(body, kube__secret__unpack) {
            (message) throws(KubeDecodingError) in
            unsafe (
                try byteMap(message.pointee.data, message.pointee.n_data), try message.pointee.type.text("the type"),
                message.pointee.immutable != 0
            )
        }
    }

    func encoded() -> [UInt8] {
        let packer = Packer()
        let message = unsafe packer.make(kube__secret__init)
        unsafe message.pointee.has_metadata = 1
        unsafe message.pointee.metadata = packer.bytes(wireMetadata ?? metadata.encoded())
        unsafe message.pointee.n_data = data.count
        unsafe message.pointee.data = packer.entries(data.map { (key: $0.key, value: $0.value) })
        unsafe (message.pointee.has_type, message.pointee.type) = (1, packer.text(type))
        if isImmutable { unsafe (message.pointee.has_immutable, message.pointee.immutable) = (1, 1) }
        return unsafe packer.body(message, apiVersion: "v1", kind: "Secret")
    }
}

extension ObjectMetadata {
    /// For an object that we make: names, labels and annotations, which is what a creator says.
    func encoded() -> [UInt8] {
        let packer = Packer()
        let message = unsafe packer.make(kube__object_meta__init)
        unsafe (message.pointee.has_name, message.pointee.name) = (1, packer.text(name))
        unsafe (message.pointee.has_namespace_, message.pointee.namespace_) = (1, packer.text(namespace))
        unsafe message.pointee.n_labels = labels.count
        unsafe message.pointee.labels = packer.entries(labels.map { (key: $0.key, value: Array($0.value.utf8)) })
        unsafe message.pointee.n_annotations = annotations.count
        unsafe message.pointee.annotations = packer.entries(
            annotations.map { (key: $0.key, value: Array($0.value.utf8)) })
        return unsafe packer.pack(message)
    }
}
