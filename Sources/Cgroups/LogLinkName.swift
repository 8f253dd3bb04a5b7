// SPDX-License-Identifier: Apache-2.0

/// A file name in /var/log/containers: `<pod>_<namespace>_<container>-<id>.log`
/// (kubernetes:pkg/kubelet/kuberuntime/legacy.go). It can hold any bytes.
struct LogLinkName: Equatable {
    /// What is left of the container's id; all of it unless `isTruncated`.
    let id: String
    /// nil when the name is cut off, or has no valid names in it.
    let name: Names?
    /// The kubelet cuts the name to 251 bytes before ".log", at the id's end.
    let isTruncated: Bool

    struct Names: Equatable {
        let namespace: String
        let pod: String
        let container: String
    }

    /// 255, the longest file name, less ".log".
    static let longestBase = 251

    /// - Parameter isWanted: asked with the id, and whether that is cut off, before anything else is made of the name:
    ///   most links are of containers that are named already, or gone.
    /// - Returns: nil when it is not such a name, or not wanted.
    init?(_ fileName: Span<UInt8>, where isWanted: (String, Bool) -> Bool = { _, _ in true }) {
        guard fileName.ends(with: ".log") else { return nil }
        let base = fileName.extracting(..<(fileName.count - 4))
        if let dash = base.lastIndex(of: UInt8(ascii: "-")), CgroupName.isID(base.extracting((dash + 1)...)),
            let id = text(base.extracting((dash + 1)...))
        {
            guard isWanted(id, false) else { return nil }
            self.id = id
            isTruncated = false
            name = Self.names(base.extracting(..<dash))
            return
        }
        guard base.count == Self.longestBase else { return nil }
        isTruncated = true
        name = nil
        // What follows the last dash may be a piece of the container's name instead. A piece of an id is hexadecimal; a
        // name that is so too then matches no container's id, or needs the same prefix by chance.
        if let dash = base.lastIndex(of: UInt8(ascii: "-")), CgroupName.isHexadecimal(base.extracting((dash + 1)...)),
            let id = text(base.extracting((dash + 1)...))
        {
            self.id = id
        } else {
            id = ""
        }
        guard isWanted(id, true) else { return nil }
    }

    /// `<pod>_<namespace>_<container>`; no valid name has an underscore in it, so the split is exact.
    private static func names(_ bytes: Span<UInt8>) -> Names? {
        guard let all = text(bytes) else { return nil }
        let parts = all.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy(isKubernetesName) else { return nil }
        return Names(namespace: String(parts[1]), pod: String(parts[0]), container: String(parts[2]))
    }
}

/// Only names that Kubernetes itself would take are shown and sent on: the characters of DNS-1123, at most 253 of them.
func isKubernetesName(_ text: some StringProtocol) -> Bool {
    let bytes = text.utf8
    return (1...253).contains(bytes.count)
        && bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
}
