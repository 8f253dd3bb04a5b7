// SPDX-License-Identifier: Apache-2.0

/// What a directory inside a pod's cgroup is, told by its name alone. Anything that is not surely a container counts only
/// as part of the pod.
public enum CgroupName: Equatable, Sendable {
    /// A container; `runtime` is the prefix before the id, where there is one.
    case container(id: String, runtime: String?, isScope: Bool)
    /// CRI-O's monitor, and whatever nobody told us about.
    case overhead
    /// Kata's sandbox: the virtual machine with all containers in it.
    case sandboxVM(id: String)
    /// A systemd mount unit's cgroup; the kubelet passes over them too.
    case mount
    /// A container that the runtime made outside the pod's cgroup, because it takes kubelet's systemd names literally:
    /// `kubepods-burstable-podU.slice:cri-containerd:C`.
    case misplaced(podUID: String, qos: QoSClass, id: String)

    public init(_ name: String) { self.init(name.utf8.span) }

    init(_ name: Span<UInt8>) {
        if name.ends(with: ".mount") {
            self = .mount
        } else if let container = Self.container(name) {
            self = container
        } else if name.begins(with: "kata_"), !name.equals("kata_overhead"), name.count > 5,
            let id = text(name.extracting(5...))
        {
            self = .sandboxVM(id: id)
        } else if name.equals("kata_overhead") {
            self = .sandboxVM(id: "overhead")
        } else if let misplaced = Self.misplaced(name) {
            self = misplaced
        } else {
            self = .overhead
        }
    }

    /// containerd, CRI-O and Docker all use 32 random bytes.
    static let idLength = 64

    static func isID(_ bytes: Span<UInt8>) -> Bool {
        bytes.count == idLength && isHexadecimal(bytes)
    }

    static func isHexadecimal(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): continue
            default: return false
            }
        }
        return true
    }

    private static func container(_ name: Span<UInt8>) -> CgroupName? {
        let isScope = name.ends(with: ".scope")
        let unit = isScope ? name.extracting(..<(name.count - 6)) : name
        guard unit.count >= idLength else { return nil }
        let start = unit.count - idLength
        guard isID(unit.extracting(start...)), let id = text(unit.extracting(start...)) else { return nil }
        if start == 0 { return .container(id: id, runtime: nil, isScope: isScope) }
        let prefix = unit.extracting(..<start)
        if prefix.equals("cri-containerd-") { return .container(id: id, runtime: "cri-containerd", isScope: isScope) }
        if prefix.equals("crio-") { return .container(id: id, runtime: "crio", isScope: isScope) }
        if prefix.equals("docker-") { return .container(id: id, runtime: "docker", isScope: isScope) }
        if prefix.equals("containerd-") { return .container(id: id, runtime: "containerd", isScope: isScope) }
        if prefix.equals("libpod-") { return .container(id: id, runtime: "libpod", isScope: isScope) }
        return nil
    }

    private static func qos(_ parent: Span<UInt8>) -> QoSClass {
        if parent.ends(with: "-burstable") { return .burstable }
        return parent.ends(with: "-besteffort") ? .bestEffort : .guaranteed
    }

    private static func misplaced(_ name: Span<UInt8>) -> CgroupName? {
        let runtime: StaticString = ".slice:cri-containerd:"
        let idStart = name.count - idLength
        let runtimeStart = idStart - runtime.utf8CodeUnitCount
        guard runtimeStart > 0, name.begins(with: runtime, at: runtimeStart), isID(name.extracting(idStart...)) else {
            return nil
        }
        let slice = name.extracting(..<runtimeStart)
        var uidStart = slice.count
        // The last "-pod": in such a name the uid has no dash, they were made underscores.
        while uidStart > 0, !slice.begins(with: "-pod", at: uidStart - 1) { uidStart -= 1 }
        guard uidStart > 0, let uid = PodName.systemdUID(slice.extracting((uidStart + 3)...)),
            let id = text(name.extracting(idStart...))
        else { return nil }
        return .misplaced(podUID: uid, qos: qos(slice.extracting(..<(uidStart - 1))), id: id)
    }
}
