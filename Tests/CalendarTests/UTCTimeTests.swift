import Calendar
// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite("UTC times")
struct UTCTimeTests {
    @Test(
        "leap years, ends of months and times before 1970 agree with `date -u`",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_399, "2000-02-28T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"), (1_795_426_809, "2026-11-23T09:40:09Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] as [(Int64, String)])
    func known(seconds: Int64, text: String) {
        #expect(UTCTime(unixSeconds: seconds).rfc3339 == text)
    }
}
