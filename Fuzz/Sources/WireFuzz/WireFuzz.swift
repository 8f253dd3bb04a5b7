// SPDX-License-Identifier: Apache-2.0
import Wire

/// libFuzzer's entry point. The input is a session: bodies, each after two bytes of length, so that the fuzzer can build
/// differences on complete frames; the rest that is too short for its length is the last body.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    var decoder = AgentFrameDecoder()
    var batch = SampleBatch()
    var offset = 0
    while offset + 2 <= input.count {
        let length = Int(input[offset]) << 8 | Int(input[offset + 1])
        offset += 2
        let body = Array(input[offset..<min(offset + length, input.count)])
        offset += body.count
        _ = try? AggregatorMessage.decode(body: body)
        _ = try? decoder.decode(body: body, into: &batch)
    }
    return 0
}

/// SwiftPM makes `main` an alias of this name, so that libFuzzer's own `main` is not used.
@c(WireFuzz_main)
public func runFuzzer(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt { drive(count, arguments) }
