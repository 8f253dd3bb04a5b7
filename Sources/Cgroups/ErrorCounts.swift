// SPDX-License-Identifier: Apache-2.0
import CKernel

/// How often which error number came. Only a number's first time takes memory.
public struct ErrorCounts: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
        /// An errno; nil: one of those that came when there was no more room.
        public let number: Int32?
        public fileprivate(set) var count: UInt64
    }

    /// In the order in which they first came.
    public private(set) var entries: [Entry] = []

    /// System calls on files have fewer reasons to fail.
    static let mostNumbers = 16

    public init() {}

    mutating func add(_ number: Int32) {
        if let known = entries.firstIndex(where: { $0.number == number }) {
            entries[known].count &+= 1
        } else if entries.count < Self.mostNumbers {
            entries.append(Entry(number: number, count: 1))
        } else if entries.last?.number == nil {
            entries[entries.count - 1].count &+= 1
        } else {
            entries.append(Entry(number: nil, count: 1))
        }
    }
}

extension ErrorCounts.Entry {
    /// `EACCES` and the like.
    public var name: String {
        guard let number else { return "other" }
        guard let text = unsafe CKernel_error_name(number) else { return "\(number)" }
        return unsafe String(cString: text)
    }
}

extension SweepStatistics {
    mutating func failed(_ failure: SystemFailure) {
        readErrors &+= 1
        readErrorsByNumber.add(failure.errno)
    }
}
