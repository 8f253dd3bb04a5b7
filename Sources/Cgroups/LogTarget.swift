// SPDX-License-Identifier: Apache-2.0

/// Where a log link points: `…/<namespace>_<pod>_<uid>/<container>/<restarts>.log`. Never cut off, and kept by a link that
/// dangles while the log is rotated.
struct LogTarget: Equatable {
    let pod: PodLogDirectory
    let container: String
    let restartCount: Int?

    init?(_ path: String) {
        let parts = path.split(separator: "/")
        guard parts.count >= 3, let pod = PodLogDirectory(parts[parts.count - 3]),
            isKubernetesName(parts[parts.count - 2])
        else { return nil }
        let file = parts[parts.count - 1]
        self.pod = pod
        container = String(parts[parts.count - 2])
        if file.hasSuffix(".log"), let count = Int(file.dropLast(4)), count >= 0 {
            restartCount = count
        } else {
            restartCount = nil
        }
    }
}

/// A name in /var/log/pods: `<namespace>_<pod>_<uid>` (kubernetes:pkg/kubelet/kuberuntime/helpers.go).
struct PodLogDirectory: Equatable {
    let namespace: String
    let pod: String
    let uid: String

    init?(_ name: some StringProtocol) {
        let parts = name.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, isKubernetesName(parts[0]), isKubernetesName(parts[1]), !parts[2].isEmpty else {
            return nil
        }
        namespace = String(parts[0])
        pod = String(parts[1])
        uid = String(parts[2])
    }
}
