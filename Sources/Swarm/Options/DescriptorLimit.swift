// SPDX-License-Identifier: Apache-2.0
import CKernel
import Console

enum DescriptorLimit {
    /// What a process has open besides its connections.
    private static let slack = 64

    /// Lets this process open so many connections.
    static func raise(forConnections count: Int) throws(FlagError) {
        let (wanted, files) = (count + slack, CKernel_raise_open_files())
        guard files == 0 || files >= UInt64(wanted) else {
            throw FlagError(
                "--nodes: \(count) connections need \(wanted) open files, and this process may have \(files); "
                    + "raise the limit with ulimit -Hn, or simulate fewer nodes")
        }
    }
}
