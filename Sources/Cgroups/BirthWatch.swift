// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Tells that a directory was made where pods and containers are, through inotify(7): so that somebody can sweep before the
/// tick. Nothing depends on it. A node can be short of inotify instances (128 a user by default, which kubelets have been
/// seen to use up) and of watches; what is not watched is found by the tick.
public final class BirthWatch {
    /// Readable when something was made. For `poll`; owned by this value.
    public let descriptor: Int32

    private static let mask = UInt32(IN_CREATE) | UInt32(IN_MOVED_TO) | UInt32(IN_ONLYDIR) | UInt32(IN_DONT_FOLLOW)

    /// nil: the kernel gives no instance.
    init?() {
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        if descriptor < 0 { return nil }
    }

    deinit { _ = close(descriptor) }

    /// Again for one that is watched already: nothing changes. The kernel ends a watch with its directory.
    func watch(_ path: String) {
        _ = unsafe inotify_add_watch(descriptor, path, Self.mask)
    }

    /// Forgets what was told so far.
    public func drain() {
        unsafe withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
            while unsafe read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
        }
    }
}

extension NodeSampler {
    /// From the next listing of each directory on. nil: not to be had on this node.
    public func watchBirths() -> BirthWatch? {
        if births == nil { births = BirthWatch() }
        return births
    }
}
