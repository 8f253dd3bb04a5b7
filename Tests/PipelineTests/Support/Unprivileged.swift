// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLSTestSupport

/// Another user than the one that runs the tests.
enum Unprivileged {
    static let prefix = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]

    static let isPossible: Bool = {
        guard getuid() == 0 else { return false }
        return [Programs.agent, Programs.aggregator].allSatisfy {
            (try? ChildProcess.run(prefix + [$0, "--version"]).status) == 0
        }
    }()
}
