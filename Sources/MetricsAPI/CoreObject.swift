// SPDX-License-Identifier: Apache-2.0
import Formats

/// A core object on the wire.
protocol CoreObject {
    static var kind: String { get }
    var labels: Labels { get }
    /// The value of a selectable field; nil when the kind has no such field.
    func field(_ name: String) -> String?
    /// Metadata, spec and status; not kind and apiVersion, which items of a list go without.
    var members: [JSONValue.Member] { get }
    /// {metadata = 1, spec = 2, status = 3}
    func write(to out: inout ByteWriter)
}

/// ObjectMeta of a core object, in both encodings.
private struct Metadata {
    var name: String
    var namespace: String?
    var uid: String?
    /// Unix seconds.
    var created: Int64?
    var labels = Labels.empty

    var json: JSONValue {
        .members(
            ("name", .string(self.name)), ("namespace", self.namespace.map(JSONValue.string)),
            ("uid", self.uid.map(JSONValue.string)), ("creationTimestamp", self.created.map(JSONValue.time) ?? .null),
            ("labels", self.labels.isEmpty ? nil : .map(self.labels)))
    }

    func write(to out: inout ByteWriter) {
        out.protoString(1, self.name)
        if let namespace { out.protoString(3, namespace) }
        if let uid { out.protoString(5, uid) }
        if let created { out.message(8) { out in out.protoInt(1, created) } }
        out.protoLabels(self.labels)
    }
}

extension JSONValue {
    fileprivate static func time(unixSeconds: Int64) -> JSONValue {
        var text = ByteWriter()
        text.rfc3339(unixSeconds: unixSeconds)
        return .string(String(decoding: text.bytes, as: UTF8.self))
    }

    fileprivate static func quantity(_ write: (inout ByteWriter) -> Void) -> JSONValue {
        var text = ByteWriter()
        write(&text)
        return .string(String(decoding: text.bytes, as: UTF8.self))
    }
}

extension CoreNode: CoreObject {
    static let kind = "Node"

    func field(_ name: String) -> String? {
        switch name {
        case "metadata.name": self.name
        case "spec.unschedulable": "false"
        default: nil
        }
    }

    private var metadata: Metadata {
        Metadata(name: self.name, created: self.creationUnixSeconds, labels: self.labels)
    }

    var members: [JSONValue.Member] {
        let resources = JSONValue.members(
            ("cpu", .quantity { $0.cpuQuantity(millicores: self.cpuMillicores) }),
            ("memory", .quantity { $0.bytesQuantity(self.memoryBytes) }))
        let ready = JSONValue.members(
            ("type", .string("Ready")), ("status", .string(self.ready ? "True" : "False")),
            ("reason", .string(self.ready ? "AgentReporting" : "AgentSilent")))
        let swap = self.swapBytes.map { bytes in
            JSONValue.members(("swap", .members(("capacity", .int(Int64(clamping: bytes))))))
        }
        return [
            .init(name: "metadata", value: self.metadata.json),
            .init(name: "spec", value: .object([])),
            .init(
                name: "status",
                value: .members(
                    ("capacity", resources), ("allocatable", resources), ("conditions", .array([ready])),
                    ("nodeInfo", swap))),
        ]
    }

    /// NodeStatus {capacity = 1, allocatable = 2, conditions = 4 {type = 1, status = 2, reason = 5}, nodeInfo = 7
    /// {swap = 11 {capacity = 1}}}.
    func write(to out: inout ByteWriter) {
        out.message(1) { out in self.metadata.write(to: &out) }
        out.message(2) { _ in }
        out.message(3) { out in
            for field: UInt8 in [1, 2] {
                out.append(upTo: 2 * Quantity.mostEntryBytes) { out in
                    out.protoQuantity(field, "cpu", Quantity(millicores: self.cpuMillicores))
                    out.protoQuantity(field, "memory", Quantity(bytes: self.memoryBytes))
                }
            }
            out.message(4) { out in
                out.protoString(1, "Ready")
                out.protoString(2, self.ready ? "True" : "False")
                out.protoString(5, self.ready ? "AgentReporting" : "AgentSilent")
            }
            if let swap = self.swapBytes {
                out.message(7) { out in out.message(11) { out in out.protoInt(1, Int64(clamping: swap)) } }
            }
        }
    }
}

extension CorePod: CoreObject {
    static let kind = "Pod"

    func field(_ name: String) -> String? {
        switch name {
        case "metadata.name": self.name
        case "metadata.namespace": self.namespace
        case "spec.nodeName": self.node
        case "status.phase": "Running"
        default: nil
        }
    }

    private var metadata: Metadata {
        Metadata(
            name: self.name, namespace: self.namespace, uid: self.uid.isEmpty ? nil : self.uid,
            created: self.startTime, labels: self.labels)
    }

    var members: [JSONValue.Member] {
        [
            .init(name: "metadata", value: self.metadata.json),
            .init(name: "spec", value: .members(("nodeName", .string(self.node)))),
            .init(
                name: "status",
                value: .members(
                    ("phase", .string("Running")), ("startTime", self.startTime.map(JSONValue.time)))),
        ]
    }

    /// PodSpec {nodeName = 10}, PodStatus {phase = 1, startTime = 7}.
    func write(to out: inout ByteWriter) {
        out.message(1) { out in self.metadata.write(to: &out) }
        out.message(2) { out in out.protoString(10, self.node) }
        out.message(3) { out in
            out.protoString(1, "Running")
            if let startTime { out.message(7) { out in out.protoInt(1, startTime) } }
        }
    }
}

/// A namespace is its name.
struct CoreNamespace: CoreObject {
    static let kind = "Namespace"

    var name: String

    /// Every namespace of a real cluster carries this label.
    var labels: Labels { Labels(["kubernetes.io/metadata.name": self.name]) }

    func field(_ name: String) -> String? {
        switch name {
        case "metadata.name": self.name
        case "status.phase": "Active"
        default: nil
        }
    }

    private var metadata: Metadata { Metadata(name: self.name, labels: self.labels) }

    var members: [JSONValue.Member] {
        [
            .init(name: "metadata", value: self.metadata.json),
            .init(name: "spec", value: .object([])),
            .init(name: "status", value: .members(("phase", .string("Active")))),
        ]
    }

    func write(to out: inout ByteWriter) {
        out.message(1) { out in self.metadata.write(to: &out) }
        out.message(2) { _ in }
        out.message(3) { out in out.protoString(1, "Active") }
    }
}
