// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Cgroups

private func number(_ text: String, complete: Bool = true) -> Parsed<KernelNumber> {
    NumberFile.parse(text.utf8.span, complete: complete)
}

private func keyed(_ key: StaticString, _ text: String, complete: Bool = true) -> Parsed<UInt64> {
    KeyedFile.parse(key, text.utf8.span, complete: complete)
}

@Suite("Files that are one number")
struct NumberFileTests {
    @Test("a number, zero, the largest, max and a negative one")
    func values() {
        #expect(number("1234567\n") == .value(.finite(1_234_567)))
        #expect(number("0\n") == .value(.finite(0)))
        #expect(number("18446744073709551615\n") == .value(.finite(.max)))
        #expect(number("max\n") == .value(.unlimited))
        #expect(number("-4096\n") == .value(.finite(0)))
    }

    @Test("a complete file may lack the newline, a piece of one may not")
    func newline() {
        #expect(number("123") == .value(.finite(123)))
        #expect(number("max") == .value(.unlimited))
        #expect(number("123", complete: false) == .incomplete)
        #expect(number("123\n", complete: false) == .value(.finite(123)))
        #expect(number("", complete: false) == .incomplete)
    }

    @Test(
        "anything else is malformed",
        arguments: [
            "", "\n", "12a\n", "a12\n", " 12\n", "12 \n", "12\n13\n", "-\n", "--1\n", "+1\n", "0x10\n", "maximum\n",
            "18446744073709551616\n", "99999999999999999999999999\n", "\0\n", "1\u{0}\n",
        ])
    func malformed(_ text: String) {
        #expect(number(text) == .malformed)
    }
}

@Suite("Files of keys and values")
struct KeyedFileTests {
    @Test("real memory.stat and cpu.stat files")
    func fixtures() {
        #expect(keyed("total_inactive_file", Fixture.memoryStatV1) == .value(356_409_344))
        #expect(keyed("inactive_file", Fixture.memoryStatV1) == .value(0))
        #expect(keyed("inactive_file", Fixture.memoryStatV2) == .value(27_684_864))
        #expect(keyed("anon", Fixture.memoryStatV2) == .value(15_269_888))
        #expect(keyed("file", Fixture.memoryStatV2) == .value(45_281_280))
        #expect(keyed("usage_usec", Fixture.cpuStatV2) == .value(8_123_456))
    }

    @Test("a key is a whole word at a line's start")
    func wholeWords() {
        #expect(keyed("file", "inactive_file 1\nfile_mapped 2\nfile 3\n") == .value(3))
        #expect(keyed("file", "xfile 1\n file 2\n") == .malformed)
    }

    @Test("what follows the key is not looked at")
    func stopsAtTheKey() {
        #expect(keyed("a", "a 1\n\u{0}garbage", complete: false) == .value(1))
    }

    @Test("a missing key makes a complete file malformed and a piece incomplete")
    func missing() {
        #expect(keyed("inactive_file", "") == .malformed)
        #expect(keyed("inactive_file", "anon 1\n") == .malformed)
        #expect(keyed("inactive_file", "", complete: false) == .incomplete)
        #expect(keyed("inactive_file", "anon 1\ninactive_f", complete: false) == .incomplete)
        #expect(keyed("inactive_file", "anon 1\ninactive_f") == .malformed)
    }

    @Test("a file cut anywhere gives the value or is incomplete, never another value")
    func truncation() {
        let text = Fixture.memoryStatV1
        for length in 0...text.utf8.count {
            let piece = text.utf8.span.extracting(..<length)
            let parsed = KeyedFile.parse("total_inactive_file", piece, complete: false)
            #expect(parsed == .incomplete || parsed == .value(356_409_344))
        }
    }

    @Test("no newline behind the last value")
    func noNewline() {
        #expect(keyed("a", "b 1\na 12") == .value(12))
        #expect(keyed("a", "b 1\na 12", complete: false) == .incomplete)
    }

    @Test("garbage, overflow and negative values")
    func values() {
        #expect(keyed("a", "a \n") == .malformed)
        #expect(keyed("a", "a\n") == .malformed)
        #expect(keyed("a", "a x\n") == .malformed)
        #expect(keyed("a", "a max\n") == .malformed)
        #expect(keyed("a", "a 1x\n") == .malformed)
        #expect(keyed("a", "a 18446744073709551616\n") == .malformed)
        #expect(keyed("a", "a -17\n") == .value(0))
        #expect(keyed("a", "\n\n\na 5\n") == .value(5))
    }
}

@Suite("procfs and limits")
struct ProcParserTests {
    @Test("busy ticks are user, nice, system, irq and softirq")
    func busyTicks() {
        #expect(ProcStat.busyTicks("cpu  100 20 30 400 5 6 7 8 9 10\ncpu0 1\n".utf8.span) == 163)
        for bad in [
            "", "cpu", "cpu  1 2 3\n", "cpu0 1 2 3 4 5 6 7\n", "cpu  a b c\n",
            "cpu  18446744073709551615 1 0 0 0 0 0\n",
        ] {
            #expect(ProcStat.busyTicks(bad.utf8.span) == nil)
        }
    }

    @Test("online CPUs are the lines with a number")
    func onlineCPUs() {
        #expect(ProcStat.onlineCPUs("cpu  1\ncpu0 1\ncpu2 1\ncpu11 1\nintr 5\ncpu9 1\n".utf8.span) == 3)
        #expect(ProcStat.onlineCPUs("".utf8.span) == 0)
        #expect(ProcStat.onlineCPUs("cpu".utf8.span) == 0)
        #expect(ProcStat.onlineCPUs("garbage\n".utf8.span) == 0)
    }

    @Test("meminfo counts in kB")
    func meminfo() {
        #expect(KeyedFile.kibibytes("MemTotal:", Fixture.meminfo.utf8.span) == 24_684_464 * 1024)
        #expect(KeyedFile.kibibytes("Inactive(file):", Fixture.meminfo.utf8.span) == 100_000 * 1024)
        for bad in [
            "", "MemTotal:\n", "MemTotal: 12\n", "MemTotal: x kB\n", "MemTotal: 18446744073709551615 kB\n",
            "MemFree: 1 kB\n",
        ] {
            #expect(KeyedFile.kibibytes("MemTotal:", bad.utf8.span) == nil)
        }
        let memory = ProcMemory(Fixture.meminfo.utf8.span)
        #expect(memory?.usage == 240_040 * 1024)
        #expect(memory?.inactiveFile == 100_000 * 1024)
    }

    @Test("a v2 root's usage is anon and file")
    func rootMemory() {
        let memory = RootMemory(Fixture.memoryStatV2.utf8.span)
        #expect(memory?.usage == 60_551_168)
        #expect(memory?.inactiveFile == 27_684_864)
        #expect(RootMemory("anon 1\ninactive_file 1\n".utf8.span) == nil)
        #expect(RootMemory("anon 18446744073709551615\nfile 1\ninactive_file 1\n".utf8.span) == nil)
    }

    @Test("a CFS quota in thousandths of a CPU")
    func cpuLimit() {
        #expect(CPULimit.parse("50000 100000\n".utf8.span) == 500)
        #expect(CPULimit.parse("150000 100000\n".utf8.span) == 1500)
        #expect(CPULimit.parse("1000 3000\n".utf8.span) == 333)
        for none in ["max 100000\n", "", "50000\n", "50000 0\n", "50000 x\n", "x 100000\n", "18446744073709551615 1\n"]
        {
            #expect(CPULimit.parse(none.utf8.span) == nil)
        }
        #expect(CPULimit.millicores(quota: 0, period: 100_000) == nil)
    }
}
