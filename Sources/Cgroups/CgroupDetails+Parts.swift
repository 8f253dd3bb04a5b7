// SPDX-License-Identifier: Apache-2.0

extension CgroupDetails {
    /// What to read of it. Each is a file or more for every cgroup, so a reader asks for what it shows.
    public struct Parts: OptionSet, Sendable {
        public let rawValue: Int

        public init(rawValue: Int) { self.rawValue = rawValue }

        public static let cpuLimit = Parts(rawValue: 1 << 0)
        public static let throttling = Parts(rawValue: 1 << 1)
        public static let memoryLimit = Parts(rawValue: 1 << 2)
        public static let memoryPeak = Parts(rawValue: 1 << 3)
        public static let anonymous = Parts(rawValue: 1 << 4)
        public static let swap = Parts(rawValue: 1 << 5)
        public static let swapLimit = Parts(rawValue: 1 << 6)
        public static let outOfMemory = Parts(rawValue: 1 << 7)
        public static let processes = Parts(rawValue: 1 << 8)
        public static let pressure = Parts(rawValue: 1 << 9)

        public static let all: Parts = [
            .cpuLimit, .throttling, .memoryLimit, .memoryPeak, .anonymous, .swap, .swapLimit, .outOfMemory, .processes,
            .pressure,
        ]
    }
}
