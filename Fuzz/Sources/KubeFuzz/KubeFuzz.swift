// SPDX-License-Identifier: Apache-2.0
@testable import KubeAPI

/// libFuzzer's entry point. The input is an answer of the API server, for every decoder there is.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let body = input.span.bytes
    let options = KubeDecodingOptions(annotations: ["x"])
    _ = try? ListPage<PartialMetadata>(body, options: options)
    _ = try? ListPage<ConfigMap>(body, options: options)
    _ = try? WatchEvent<PartialMetadata>(frame: body, options: options)
    if let map = try? ConfigMap(protobuf: body, options: options) { _ = map.encoded() }
    if let secret = try? Secret(protobuf: body, options: options) { _ = secret.encoded() }
    _ = try? PodPlacement(body)
    _ = try? PodContainers(body)
    _ = try? TokenReviewResult(body)
    _ = try? AccessDecision(body)
    _ = try? APIService(body)
    _ = try? Endpoints(body)
    _ = APIStatus(body: body)
    return 0
}

/// SwiftPM makes `main` an alias of this name, so that libFuzzer's own `main` is not used.
@c(KubeFuzz_main)
public func runFuzzer(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt { drive(count, arguments) }
