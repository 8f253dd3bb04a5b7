// SPDX-License-Identifier: Apache-2.0

/// The names that the kubelet gives to the directories at and below its root
/// (kubernetes:pkg/kubelet/cm/cgroup_manager_linux.go `ToSystemd`, helpers_linux.go, qos_container_manager_linux.go).
struct KubepodsNames {
    let driver: CgroupDriver
    /// systemd repeats the parents in each name: "kubepods", or "a-b-kubepods" with `--cgroup-root=/a/b`.
    private let prefix: String

    /// `root` is the last element of the root's path.
    init(root: String) {
        if root.hasSuffix(".slice") {
            driver = .systemd
            prefix = String(root.dropLast(6))
        } else {
            driver = .cgroupfs
            prefix = root
        }
    }

    /// `kubepods`, `kubepods.slice`, `…-kubepods.slice`.
    static func isRoot(_ name: String) -> Bool {
        name == "kubepods" || name == "kubepods.slice" || name.hasSuffix("-kubepods.slice")
    }

    /// The class whose pods are in the directory `name` of the root; the root itself holds the guaranteed ones.
    func qos(_ name: String) -> QoSClass? {
        switch driver {
        case .cgroupfs:
            name == "burstable" ? .burstable : name == "besteffort" ? .bestEffort : nil
        case .systemd:
            name == prefix + "-burstable.slice" ? .burstable : name == prefix + "-besteffort.slice" ? .bestEffort : nil
        }
    }

    /// Whether a name that is made of a pod's slice is below this root: a node in a container has another.
    func isBelow(_ name: String) -> Bool { name.hasPrefix(prefix + "-") }

    /// The uid of the pod whose cgroup is called `name` in the directory of its class.
    func podUID(_ name: String, qos: QoSClass) -> String? {
        switch driver {
        case .cgroupfs:
            guard name.hasPrefix("pod") else { return nil }
            return PodName.cgroupfsUID(name.utf8.span.extracting(3...))
        case .systemd:
            let parent =
                switch qos {
                case .guaranteed: prefix
                case .burstable: prefix + "-burstable"
                case .bestEffort: prefix + "-besteffort"
                }
            let start = parent + "-pod"
            guard name.hasPrefix(start), name.hasSuffix(".slice") else { return nil }
            let bytes = name.utf8.span
            guard bytes.count > start.utf8.count + 6 else { return nil }
            return PodName.systemdUID(bytes.extracting(start.utf8.count..<(bytes.count - 6)))
        }
    }
}

enum PodName {
    /// A uid is any string that a manifest sets (usually 8-4-4-4-12 or 32 hexadecimal digits); printable ASCII is what
    /// can be shown and sent on.
    static func cgroupfsUID(_ bytes: Span<UInt8>) -> String? {
        guard !bytes.isEmpty else { return nil }
        for index in bytes.indices where !(0x21...0x7e).contains(bytes[index]) { return nil }
        return text(bytes)
    }

    /// No part of a kubelet name may hold an underscore, so that each one is a dash of the uid, exactly.
    static func systemdUID(_ bytes: Span<UInt8>) -> String? {
        for index in bytes.indices where bytes[index] == UInt8(ascii: "-") { return nil }
        guard let uid = cgroupfsUID(bytes) else { return nil }
        return String(uid.map { $0 == "_" ? "-" : $0 })
    }
}
