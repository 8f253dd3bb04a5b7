// SPDX-License-Identifier: Apache-2.0

/// Every size and value that a peer controls, with its cap. A frame that breaks one is refused, never cut to fit.
public enum WireLimits {
    // MARK: Frames, in bytes of the body (without the 4-byte length)

    /// Until the aggregator has accepted the session: a ``Hello`` with the largest credential, and room to spare.
    /// A stranger cannot make the aggregator hold more.
    public static let frameBytesBeforeWelcome = 64 << 10

    /// From an agent whose session is accepted: a complete frame for ``slots`` containers with names of usual length.
    public static let agentFrameBytes = 4 << 20

    /// From the aggregator: its messages are a few short strings.
    public static let aggregatorFrameBytes = 64 << 10

    // MARK: Strings, in bytes of UTF-8

    /// A DNS subdomain (RFC 1123), which is what Kubernetes allows as a node name.
    public static let nodeNameBytes = 253
    /// `/proc/sys/kernel/random/boot_id` has 36.
    public static let bootIDBytes = 64
    /// A version with its build suffix.
    public static let versionBytes = 64
    /// A projected ServiceAccount token has about 1.2 KiB; long audiences and claims make it grow.
    public static let tokenBytes = 16 << 10
    /// A uuid has 36, a static pod's uid (an MD5 in hexadecimal) 32; the API server does not bound a pod's uid.
    public static let podUIDBytes = 128
    /// containerd, CRI-O and Docker use 64 hexadecimal digits.
    public static let containerIDBytes = 128
    /// A DNS label has 63; the links in `/var/log/containers` cannot hold more than a file name.
    public static let namespaceBytes = 253
    /// A DNS subdomain.
    public static let podNameBytes = 253
    /// A DNS label has 63; the links in `/var/log/containers` cannot hold more than a file name.
    public static let containerNameBytes = 253
    /// A sentence or two for a log line.
    public static let reasonBytes = 1 << 10
    /// The aggregator's name for one of its runs: a uuid, or a pod's name.
    public static let instanceBytes = 253

    // MARK: Counts

    /// Containers of one node. Kubelet allows 110 pods by default, the largest nodes in the field run about 500; this is
    /// more than ten times as many with a few containers each.
    public static let slots = 16_384

    /// Fields of a newer version in one message, which are skipped. Protocol-compatible additions come one at a time.
    public static let unknownFields = 8

    // MARK: Values

    /// Faster than 1 s costs the node more than it tells; slower than 5 min nothing can be scaled on.
    public static let intervalMilliseconds: ClosedRange<UInt32> = 1_000...300_000

    /// 285 years. Times and differences of times then stay exact in a double and far from overflow.
    public static let timeMicroseconds: UInt64 = 1 << 53

    /// 36,000 core-years.
    public static let cpuMicroseconds: UInt64 = 1 << 60

    /// 8 ZiB, the most that 64-bit byte counts can hold a thousand times over.
    public static let memoryKiB: UInt64 = 1 << 53

    /// Sweeps: at one a second, 285 million years.
    public static let sequence: UInt64 = 1 << 53

    // MARK: Memory for one decode

    /// What decoding a frame of `length` bytes may take at most, besides the columns of a batch, which ``slots`` bounds.
    /// The largest honest ratio is about 20 (dictionary entries with short strings).
    static func arenaBytes(frameLength length: Int) -> Int {
        min((16 << 10) + 24 * length, 16 << 20)
    }
}
