// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Why a file gave no value.
enum ReadFailure: Error, Equatable {
    case system(SystemFailure)
    /// Read, but not what the file should hold.
    case malformed
}

/// Reads the kernel's small files through one buffer, which is kept. Their `st_size` is 0, so they are read until a parser
/// has what it needs or they end.
struct FileReader: ~Copyable {
    /// Takes any of them in one read.
    static let usualSize = 16 * 1024
    /// `/proc/stat` of the largest machines is below this; whatever is larger is not one of the files we know.
    static let maximumSize = 1 << 20

    private var buffer = [UInt8](repeating: 0, count: usualSize)
    private var count = 0
    /// CLOCK_BOOTTIME right behind the last read of a file that was asked for with `stamped`.
    private(set) var stamp: UInt64 = 0
    private(set) var filesRead: UInt64 = 0
    private(set) var bytesRead: UInt64 = 0
    /// Is told of every read.
    var trace: SamplerTrace?

    /// A file that is a number. Most are read once: the newline tells that all of it is there.
    mutating func number(
        _ name: StaticString, in directory: borrowing DirectoryHandle, stamped: Bool = false
    ) throws(ReadFailure) -> KernelNumber {
        let descriptor = directory.descriptor
        return try traced("\(name)", nil, in: descriptor) { (reader: inout FileReader) throws(ReadFailure) in
            try reader.read(try reader.open(name, in: descriptor), stamped: stamped) { bytes, complete in
                NumberFile.parse(bytes, complete: complete)
            }
        }
    }

    /// The same by a path that is not known beforehand.
    mutating func number(path: String, in directory: borrowing DirectoryHandle) throws(ReadFailure) -> KernelNumber {
        let descriptor = directory.descriptor
        return try traced(path, nil, in: descriptor) { (reader: inout FileReader) throws(ReadFailure) in
            try reader.read(try reader.open(path, in: descriptor), stamped: false) { bytes, complete in
                NumberFile.parse(bytes, complete: complete)
            }
        }
    }

    /// The number behind a key of a keyed file.
    mutating func number(
        _ key: StaticString, of name: StaticString, in directory: borrowing DirectoryHandle, stamped: Bool = false
    ) throws(ReadFailure) -> UInt64 {
        let descriptor = directory.descriptor
        return try traced("\(name)", key, in: descriptor) { (reader: inout FileReader) throws(ReadFailure) in
            try reader.read(try reader.open(name, in: descriptor), stamped: stamped) { bytes, complete in
                KeyedFile.parse(key, bytes, complete: complete)
            }
        }
    }

    /// The whole file, given to `parse`, which says nil when it makes no sense of it.
    mutating func whole<Value: Equatable>(
        _ path: String, in directory: borrowing DirectoryHandle, stamped: Bool = false,
        parse: (Span<UInt8>) -> Value?
    ) throws(ReadFailure) -> Value {
        let descriptor = directory.descriptor
        return try traced(path, nil, in: descriptor) { (reader: inout FileReader) throws(ReadFailure) in
            try reader.read(try reader.open(path, in: descriptor), stamped: stamped) { bytes, complete in
                guard complete else { return .incomplete }
                return parse(bytes).map { .value($0) } ?? .malformed
            }
        }
    }

    @inline(__always)
    private mutating func traced<Value>(
        _ file: @autoclosure () -> String, _ key: StaticString?, in directory: Int32,
        _ read: (inout FileReader) throws(ReadFailure) -> Value
    ) throws(ReadFailure) -> Value {
        guard let trace else { return try read(&self) }
        let start = Clock.bootTime
        count = 0
        do throws(ReadFailure) {
            let value = try read(&self)
            trace.read(file(), key, in: directory, since: start, bytes: count, .init(value: value))
            return value
        } catch {
            trace.read(file(), key, in: directory, since: start, bytes: count, .init(error))
            throw error
        }
    }

    @inline(__always)
    private mutating func read<Value>(
        _ descriptor: Int32, stamped: Bool, parse: (Span<UInt8>, Bool) -> Parsed<Value>
    ) throws(ReadFailure) -> Value {
        defer { _ = close(descriptor) }
        count = 0
        while true {
            let complete = try fill(from: descriptor) == 0
            if stamped { stamp = Clock.bootTime }
            switch parse(buffer.span.extracting(0..<count), complete) {
            case .value(let value):
                filesRead &+= 1
                return value
            case .malformed:
                throw .malformed
            case .incomplete:
                if complete { throw .malformed }
            }
        }
    }

    private mutating func fill(from descriptor: Int32) throws(ReadFailure) -> Int {
        if count == buffer.count {
            guard count < Self.maximumSize else { throw .malformed }
            buffer.append(contentsOf: repeatElement(0, count: count))
        }
        while true {
            let start = count
            let got = unsafe buffer.withUnsafeMutableBytes { bytes in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
                return unsafe Glibc.read(descriptor, rest.baseAddress, rest.count)
            }
            if got >= 0 {
                count += got
                bytesRead &+= UInt64(got)
                return got
            }
            let failure = SystemFailure.last
            if failure.errno != EINTR { throw .system(failure) }
        }
    }

    /// Not blocking: the open of a FIFO without a writer would never return, the kernel's files do not mind.
    private static let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK

    private func open(_ name: StaticString, in directory: Int32) throws(ReadFailure) -> Int32 {
        // A literal ends with a NUL.
        let path = unsafe UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
        return try opened(unsafe openat(directory, path, Self.flags))
    }

    private func open(_ path: String, in directory: Int32) throws(ReadFailure) -> Int32 {
        try opened(unsafe openat(directory, path, Self.flags))
    }

    private func opened(_ descriptor: Int32) throws(ReadFailure) -> Int32 {
        guard descriptor >= 0 else { throw .system(.last) }
        return descriptor
    }
}
