// SPDX-License-Identifier: Apache-2.0
//
// WireCost load|encode|decode|snapshot|join CONTAINERS FRAMES: the steady load of the tests, for callgrind.
// Fuzz/measure runs it with two frame counts; their difference is what the frames cost.
import Wire

let arguments = CommandLine.arguments
guard arguments.count == 4, let containers = Int(arguments[2]), let frames = Int(arguments[3]), frames > 0 else {
    fatalError("usage: WireCost load|encode|decode|snapshot|join CONTAINERS FRAMES")
}

var load = SteadyLoad(containers: containers)
var encoder = SampleEncoder()
load.sweep(&encoder)
let complete = try encoder.finish()
var bytes = 0

switch arguments[1] {
case "load":
    // The load alone: begin, record and their arguments, without a frame.
    for _ in 0..<frames { load.sweep(&encoder) }
case "encode":
    for _ in 0..<frames {
        load.sweep(&encoder)
        bytes += try encoder.finish().bytes.count
    }
case "snapshot":
    for _ in 0..<frames { bytes += try encoder.snapshot().bytes.count }
case "decode", "join":
    // As many differences are made whatever FRAMES is, so that making them does not count.
    let most = 2_000
    var bodies: [[UInt8]] = []
    for _ in 0..<most {
        load.sweep(&encoder)
        bodies.append(Array(try encoder.finish().bytes.dropFirst(FrameHeader.byteCount)))
    }
    guard frames <= most else { fatalError("at most \(most) frames") }
    let first = Array(complete.bytes.dropFirst(FrameHeader.byteCount))
    var decoder = AgentFrameDecoder()
    var batch = SampleBatch()
    _ = try decoder.decode(body: first, into: &batch)
    for index in 0..<frames {
        let body = arguments[1] == "join" ? first : bodies[index]
        guard try decoder.decode(body: body, into: &batch) == .samples else { fatalError("not samples") }
        bytes += batch.points.count
    }
default:
    fatalError("unknown mode \(arguments[1])")
}
print(bytes)
