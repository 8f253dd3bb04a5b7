// SPDX-License-Identifier: Apache-2.0
import Console
import Glibc

enum DescriptorLimit {
    /// What a process has open besides its connections.
    private static let slack = 64

    /// Lets this process open so many connections.
    static func raise(forConnections count: Int) throws(FlagError) {
        let wanted = rlim_t(count + slack)
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < wanted else {
            return
        }
        guard limit.rlim_max >= wanted else {
            throw FlagError(
                "--nodes: \(count) connections need \(wanted) open files, and this process may have \(limit.rlim_max); "
                    + "raise the limit with ulimit -Hn, or simulate fewer nodes")
        }
        limit.rlim_cur = wanted
        guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            throw FlagError("the limit of open files cannot be raised: \(String(cString: strerror(errno)))")
        }
    }
}
