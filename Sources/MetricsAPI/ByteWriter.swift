// SPDX-License-Identifier: Apache-2.0

/// Bytes being written: the one output type of every encoder here.
///
/// Writes into memory that somebody lends, such as a network buffer's, and goes on in memory of its own when that is too
/// small. Every append looks for room first, so that a guess that was too low costs a move and nothing else.
@safe
public struct ByteWriter: ~Copyable {
    // Owned here unless it is lent; never read outside [0, count).
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private var isLent: Bool
    private let wasLent: Bool
    public private(set) var count = 0

    /// Memory of its own, from the start.
    public init(reserving capacity: Int = 256) {
        self.capacity = capacity
        unsafe self.base = .allocate(byteCount: capacity, alignment: 1)
        self.isLent = false
        self.wasLent = false
    }

    /// - Parameter memory: must stay where it is for as long as this value lives.
    public init(lending memory: UnsafeMutableRawBufferPointer) {
        guard let start = memory.baseAddress else {
            self.init()
            return
        }
        unsafe self.init(lent: start, memory.count)
    }

    private init(lent start: UnsafeMutableRawPointer, _ count: Int) {
        unsafe self.base = unsafe start
        self.capacity = count
        self.isLent = true
        self.wasLent = true
    }

    deinit {
        if !self.isLent { unsafe self.base.deallocate() }
    }

    /// True when the lent memory was too small: what was written is not there then, take it with `withBytes`.
    public var hasOutgrownLoan: Bool { self.wasLent && !self.isLent }

    /// What can still be written before memory has to grow.
    public var room: Int { self.capacity - self.count }

    /// What was written, for as long as the body runs.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe body(UnsafeRawBufferPointer(start: unsafe self.base, count: self.count))
    }

    /// A copy of what was written.
    public var bytes: [UInt8] { unsafe self.withBytes { unsafe Array($0) } }

    // MARK: Appending

    @inline(__always)
    public mutating func byte(_ value: UInt8) {
        self.reserve(1)
        unsafe self.base.storeBytes(of: value, toByteOffset: self.count, as: UInt8.self)
        self.count &+= 1
    }

    /// Text of our own; its length is known to the compiler.
    @inline(__always)
    mutating func literal(_ value: StaticString) {
        let count = value.utf8CodeUnitCount
        self.reserve(count)
        unsafe (self.base + self.count).copyMemory(from: value.utf8Start, byteCount: count)
        self.count &+= count
    }

    @inline(__always)
    public mutating func text(_ value: String) {
        // Native strings have contiguous bytes; others are made so.
        if unsafe value.utf8.withContiguousStorageIfAvailable({ unsafe self.append(UnsafeRawBufferPointer($0)) }) == nil
        {
            self.append(Array(value.utf8))
        }
    }

    @inline(__always)
    public mutating func append(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe self.append($0) }
    }

    @inline(__always)
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        self.reserve(bytes.count)
        unsafe (self.base + self.count).copyMemory(from: start, byteCount: bytes.count)
        self.count &+= bytes.count
    }

    /// Lets somebody else write, such as a library of C: `body` is given room for at least `minimum` bytes and says how many of
    /// them it used.
    @inline(__always)
    public mutating func append(roomFor minimum: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        self.reserve(minimum)
        let room = self.room
        let used = unsafe body(UnsafeMutableRawBufferPointer(start: self.base + self.count, count: room))
        precondition(0...room ~= used, "more bytes used than there were")
        self.count &+= used
    }

    // MARK: Changing what is written

    /// One byte that was written before.
    @inline(__always)
    mutating func patch(_ at: Int, _ value: UInt8) {
        precondition(at < self.count)
        unsafe self.base.storeBytes(of: value, toByteOffset: at, as: UInt8.self)
    }

    /// Moves everything from `at` on by `distance` bytes; what lies between is for `patch`.
    mutating func shift(from at: Int, by distance: Int) {
        precondition(0...self.count ~= at && at + distance >= 0)
        if distance > 0 { self.reserve(distance) }
        unsafe (self.base + at + distance).copyMemory(from: self.base + at, byteCount: self.count - at)
        self.count += distance
    }

    mutating func removeTrailing(_ byte: UInt8) {
        while self.count > 0, unsafe self.base.load(fromByteOffset: self.count - 1, as: UInt8.self) == byte {
            self.count -= 1
        }
    }

    mutating func truncate(to count: Int) {
        precondition(0...self.count ~= count)
        self.count = count
    }

    func contains(from start: Int, where isWanted: (UInt8) -> Bool) -> Bool {
        unsafe self.withBytes { bytes in unsafe bytes[start...].contains(where: isWanted) }
    }

    // MARK: Room

    /// Makes the next `more` bytes cost no check that fails.
    @inline(__always)
    public mutating func reserve(_ more: Int) {
        if self.capacity &- self.count < more { self.grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let capacity = max(self.capacity * 2, self.count + more)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 1)
        unsafe larger.copyMemory(from: self.base, byteCount: self.count)
        if !self.isLent { unsafe self.base.deallocate() }
        unsafe self.base = larger
        self.capacity = capacity
        self.isLent = false
    }
}
