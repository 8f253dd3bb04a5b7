// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MetricsAPI

/// Quantities, durations and times, as Kubernetes prints them.
struct ValueTextTests {
    static func written(_ write: (inout ByteWriter) -> Void) -> String {
        var out = ByteWriter()
        write(&out)
        return String(decoding: out.bytes, as: UTF8.self)
    }

    @Test(
        "CPU is a decimal quantity with the largest suffix that keeps an integer",
        arguments: [
            (0, "0"), (1, "1n"), (999, "999n"), (1000, "1u"), (1001, "1001n"), (7_338_891, "7338891n"),
            (10_000, "10u"), (1_000_000, "1m"), (1_500_000, "1500u"), (500_000_000, "500m"), (1_000_000_000, "1"),
            (2_000_000_000, "2"), (1_500_000_000, "1500m"), (20_000_000_000, "20"), (100_000_000_000, "100"),
            (1_000_000_000_000, "1k"), (1_000_000_000_000_000_000, "1G"), (10_000_000_000_000_000_000, "10G"),
            (UInt64(Int64.max), "9223372036854775807n"),
            // Past Int64 the peer's quantity loses its last digit.
            (UInt64(Int64.max) + 1, "9223372036854775800n"), (.max, "18446744073709551610n"),
        ] as [(UInt64, String)])
    func cpu(nanocores: UInt64, text: String) {
        #expect(Self.written { $0.cpuQuantity(nanocores: nanocores) } == text)
    }

    @Test(
        "memory is a binary quantity, decimal below 1024",
        arguments: [
            (0, "0"), (1, "1"), (1000, "1k"), (1023, "1023"), (1024, "1Ki"), (1025, "1025"), (1536, "1536"),
            (14520 << 10, "14520Ki"), (1 << 20, "1Mi"), (3 << 20, "3Mi"), ((1 << 20) + 1024, "1025Ki"),
            (1 << 30, "1Gi"), (1 << 40, "1Ti"), (1 << 50, "1Pi"), (1 << 60, "1Ei"), (7 << 60, "7Ei"),
            (4096, "4Ki"), (1_000_000, "1000000"), (UInt64(Int64.max), "9223372036854775807"),
            (1 << 63, "9223372036854775800"), (.max, "18446744073709551610"),
        ] as [(UInt64, String)])
    func memory(bytes: UInt64, text: String) {
        #expect(Self.written { $0.bytesQuantity(bytes) } == text)
    }

    @Test("a number has as many digits as its text, around each power of ten and of two")
    func digits() {
        var values: [UInt64] = [0, .max]
        for exponent in 0..<20 { values.append((0..<exponent).reduce(1) { power, _ in power * 10 }) }
        for exponent in UInt64(0)..<64 { values.append(1 << exponent) }
        for value in values {
            for near in [value &- 1, value, value &+ 1] {
                let text = String(near)
                #expect(ByteWriter.digits(near) == text.count)
                #expect(Self.written { $0.decimal(near) } == text)
                #expect(Self.written { $0.decimal(near, digits: text.count + 3) } == "000" + text)
                #expect(Self.written { $0.decimal(near, digits: 2) } == String(("0" + text).suffix(2)))
            }
        }
    }

    @Test("a node's capacity is in millicores", arguments: [(1, "1m"), (1000, "1"), (1500, "1500m"), (64_000, "64")])
    func millicores(value: UInt64, text: String) {
        #expect(Self.written { $0.cpuQuantity(millicores: value) } == text)
    }

    @Test(
        "a window is a Go duration",
        arguments: [
            (0, "0s"), (1, "1ns"), (999, "999ns"), (1000, "1µs"), (2500, "2.5µs"), (999_999, "999.999µs"),
            (1_000_000, "1ms"), (1_050_000, "1.05ms"), (999_999_999, "999.999999ms"), (1_000_000_000, "1s"),
            (15_953_000_000, "15.953s"), (1_000_000_001, "1.000000001s"), (10_000_000_000, "10s"),
            (59_999_999_999, "59.999999999s"), (60_000_000_000, "1m0s"), (60_500_000_000, "1m0.5s"),
            (600_000_000_000, "10m0s"), (3_600_000_000_000, "1h0m0s"), (5_445_000_000_000, "1h30m45s"),
            (-1_500_000_000, "-1.5s"), (.max, "2562047h47m16.854775807s"), (.min, "-2562047h47m16.854775808s"),
        ] as [(Int64, String)])
    func duration(nanoseconds: Int64, text: String) {
        #expect(Self.written { $0.goDuration(nanoseconds: nanoseconds) } == text)
    }

    @Test(
        "a timestamp is RFC 3339 with whole seconds",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"), (951_868_800, "2000-03-01T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"), (1_785_837_600, "2026-08-04T10:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"), (4_107_542_399, "2100-02-28T23:59:59Z"),
            (-2_208_988_800, "1900-01-01T00:00:00Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
            (.max, "9999-12-31T23:59:59Z"), (.min, "0000-01-01T00:00:00Z"),
        ] as [(Int64, String)])
    func timestamp(seconds: Int64, text: String) {
        #expect(Self.written { $0.rfc3339(unixSeconds: seconds) } == text)
    }

    @Test(
        "seconds are cut towards the past",
        arguments: [
            (0, 0), (999_999_999, 0), (1_000_000_000, 1), (-1, -1), (-1_000_000_000, -1), (-1_000_000_001, -2),
            (.max, 9_223_372_036), (.min, -9_223_372_037),
        ] as [(Int64, Int64)])
    func seconds(nanoseconds: Int64, seconds: Int64) {
        #expect(wholeSeconds(unixNanoseconds: nanoseconds) == seconds)
    }

    @Test("times of a list follow each other without mixing")
    func timestampCache() {
        var cache = TimestampCache()
        let texts = [0, 0, 5_000_000_000, 0].map { (time: Int64) in
            cache.set(unixNanoseconds: time)
            return String(decoding: cache.text, as: UTF8.self)
        }
        #expect(
            texts == [
                "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:05Z", "1970-01-01T00:00:00Z",
            ])
    }

    @Test(
        "JSON strings are escaped as Go escapes them",
        arguments: [
            ("plain", #""plain""#), ("", #""""#), ("a\"b\\c", #""a\"b\\c""#), ("\n\r\t", #""\n\r\t""#),
            ("\u{08}\u{0c}", #""\b\f""#), ("\u{01}\u{1f}", #""\u0001\u001f""#), ("<a&b>", #""\u003ca\u0026b\u003e""#),
            ("\u{2028}\u{2029}", #""\u2028\u2029""#), ("€é", #""€é""#), ("\u{7f}", "\"\u{7f}\""),
        ])
    func jsonString(text: String, json: String) throws {
        let written = Self.written { $0.jsonString(text) }
        #expect(written == json)
        #expect(try TestJSON(written) == .string(text))
    }

    @Test(
        "texts are quoted as strconv.Quote does",
        arguments: [
            ("abc", #""abc""#), ("a\"b\\", #""a\"b\\""#), ("\n\t\r", #""\n\t\r""#),
            ("\u{07}\u{08}\u{0b}\u{0c}", #""\a\b\v\f""#),
            ("\u{01}\u{7f}", #""\x01\x7f""#), ("é€", #""é€""#), ("\u{200b}", #""\u200b""#),
            ("\u{e0001}", #""\U000e0001""#),
        ])
    func quote(text: String, quoted: String) {
        #expect(GoText.quote(text) == quoted)
    }

    @Test(
        "integers are read as strconv.ParseInt does",
        arguments: [
            ("0", 0), ("-5", -5), ("+7", 7), ("007", 7), ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("9223372036854775808", nil), ("-9223372036854775809", nil), ("99999999999999999999999", nil), ("", nil),
            ("-", nil), ("+", nil), ("1_000", nil), ("0x10", nil), (" 1", nil), ("1.0", nil), ("٣", nil),
        ] as [(String, Int64?)])
    func parseInt(text: String, value: Int64?) {
        #expect((try? GoText.parseInt(text)) == value)
    }
}
