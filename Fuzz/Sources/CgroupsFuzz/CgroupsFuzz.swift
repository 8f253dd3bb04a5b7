// SPDX-License-Identifier: Apache-2.0

/// libFuzzer's entry point. The input is a kernel's file, or the name of a cgroup, a log link or its target.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let faults = EveryParser.faults(Array(UnsafeBufferPointer(start: start, count: count)))
    precondition(faults.isEmpty, "\(faults)")
    return 0
}

/// SwiftPM makes `main` an alias of this name, so that libFuzzer's own `main` is not used.
@c(CgroupsFuzz_main)
public func runFuzzer(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt { drive(count, arguments) }
