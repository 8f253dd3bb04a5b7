// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console
import Glibc

/// Who we are and what we may read.
enum AccessCheck {
    /// - Parameter gids: effective and supplementary.
    static func run(_ trace: SamplerTrace, logs: NodeLogs, uid: uid_t, gids: [gid_t]) -> [Finding] {
        [user(uid, gids), files(trace), links(logs), directories(logs)]
    }

    private static func user(_ uid: uid_t, _ gids: [gid_t]) -> Finding {
        let found = "uid \(uid), gids \(Set(gids).sorted().map { "\($0)" }.joined(separator: " "))"
        if uid == 0 || gids.contains(0) { return .ok("user", found) }
        return .warn(
            "user", "\(found): the kubelet's log directories are for group 0, so containers may have no names",
            fix: ["run with gid 0 (runAsGroup: 0); no capability is needed"])
    }

    private static func files(_ trace: SamplerTrace) -> Finding {
        var refused = trace.failures.filter { isRefusal($0.errno) }.map(\.path)
        for read in trace.reads {
            if case .failed(let errno) = read.outcome, isRefusal(errno) { refused.append(read.path) }
        }
        guard let first = refused.first else {
            let read = trace.reads.count { if case .failed = $0.outcome { false } else { true } }
            return .ok("cgroup files", "\(read) reads, none refused")
        }
        return .fail(
            "cgroup files", "\(refused.count) reads were refused, such as \(first)",
            fix: [
                "cgroup files are world-readable: look for SELinux or AppArmor denials (ausearch -m avc -c agent), and "
                    + "give a type that may read them, such as spc_t"
            ])
    }

    private static func isRefusal(_ errno: Int32) -> Bool { errno == EACCES || errno == EPERM }

    private static func links(_ logs: NodeLogs) -> Finding {
        do throws(CgroupError) {
            let links = try logs.links()
            return .ok("log links", "\(links.count), \(links.count { $0.name == nil }) of them without a name")
        } catch {
            return .fail("log links", describe(error), fix: [error.wayOut, "without them containers have no names"])
        }
    }

    private static func directories(_ logs: NodeLogs) -> Finding {
        do throws(CgroupError) {
            return .ok("log directories", "\(try logs.podDirectories().count) pods")
        } catch {
            return .warn(
                "log directories", describe(error),
                fix: [error.wayOut, "without them no container whose link is missing can be named"])
        }
    }

    private static func describe(_ error: CgroupError) -> String {
        "\(error.path): \(error.cause)" + (error.errno.map { " (\(ExplainText.error($0)))" } ?? "")
    }
}
