// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Console

@Suite("Durations on the command line")
struct DurationFlagTests {
    @Test(
        "Go's spellings are read",
        arguments: [
            ("5s", 5_000_000_000), ("500ms", 500_000_000), ("1m30s", 90_000_000_000), ("1.5h", 5_400_000_000_000),
            ("0", 0), ("0s", 0), ("2us", 2_000), ("2µs", 2_000), (".5s", 500_000_000), ("0.001s", 1_000_000),
        ] as [(String, Int64)])
    func reads(text: String, nanoseconds: Int64) throws {
        #expect(try DurationFlag.parse(text).wholeNanoseconds == nanoseconds)
    }

    @Test(
        "anything else is refused, quoting the value",
        arguments: ["", "5", "s", "5x", "-5s", "5 s", "1.s.", ".s", "1e3s", "99999999999999h", "٣s", "5sx", "9000h"])
    func refuses(text: String) {
        let error = #expect(throws: FlagError.self) { try DurationFlag.parse(text) }
        #expect(error?.message.contains("\"\(text)\"") == true)
    }

    @Test("a value outside the range names both ends")
    func range() {
        let error = #expect(throws: FlagError.self) {
            try DurationFlag.parse("10m", in: .seconds(1) ... .seconds(300))
        }
        #expect(error?.message == "\"10m\" is out of range; it must be from 1s to 5m")
    }

    @Test(
        "what is printed reads back",
        arguments: [0, 1_000_000, 250_000_000, 5_000_000_000, 1_500_000_000, 90_000_000_000, 3_600_000_000_000])
    func roundTrip(nanoseconds: Int64) throws {
        let text = DurationFlag.format(.nanoseconds(nanoseconds))
        #expect(try DurationFlag.parse(text).wholeNanoseconds == nanoseconds)
    }
}
