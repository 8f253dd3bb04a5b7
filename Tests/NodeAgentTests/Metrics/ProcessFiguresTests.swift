// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLSTestSupport
import Testing

@testable import NodeAgent

@Suite("What the process says of itself")
struct ProcessFiguresTests {
    @Test("a name can look like anything; what is cut off is no figure")
    func parsing() throws {
        let rest = " S 1 2 2 0 -1 4194560 500 0 0 0 7 3 0 0 20 0 4 0 12345 26652672 4458 18446744073709551615 1 1 0\n"
        let stat = try #require(ProcessStat(Array("42 (a) S 9 (b)\(rest)".utf8)))
        #expect(stat.startTicks == 12_345 && stat.virtualBytes == 26_652_672 && stat.residentPages == 4_458)
        for text in ["", "42", "42 (a", "42 (a)", "42 (a) S 1 2 3", "42 (a)" + rest.replacing("4458", with: "x")] {
            #expect(ProcessStat(Array(text.utf8)) == nil, "\(text)")
        }
    }

    private static var residentKibibytes: Double? {
        String(decoding: TemporaryDirectory.read("/proc/self/status"), as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("VmRSS:") }?.split(separator: " ").dropLast().last.flatMap { Double($0) }
    }

    @Test("figures are the kernel's")
    func kernel() throws {
        let before = try #require(Self.residentKibibytes)
        let figures = ProcessFigures.read()
        let after = try #require(Self.residentKibibytes)
        // Other tests take and give memory meanwhile.
        let resident = Double(try #require(figures.residentBytes)) / 1024
        #expect(resident > min(before, after) / 2 && resident < max(before, after) * 1.5, "\(before) \(after)")
        // Other tests open and close files meanwhile.
        #expect((3...2_000).contains(try #require(figures.openDescriptors)))
        #expect(try #require(figures.mostDescriptors) >= 256 && figures.virtualBytes != nil)
        let age = Double(time(nil)) - (try #require(figures.startTimeSeconds))
        #expect(age >= -1 && age < 86_400)
        #expect(try #require(figures.cpuSeconds) > 0)
    }
}
