// SPDX-License-Identifier: Apache-2.0
import TLSTestSupport
import Testing

@testable import NodeAgent

@Suite("agent --dump -o csv")
struct DumpCSVTests {
    struct Malformed: Error {}

    /// Takes nothing but RFC 4180.
    private func parsed(_ text: String) throws -> [[String]] {
        var rows: [[String]] = []
        var cells: [String] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            var cell: [UInt8] = []
            if rest.first == UInt8(ascii: "\"") {
                rest = rest.dropFirst()
                while true {
                    guard let byte = rest.popFirst() else { throw Malformed() }
                    if byte == UInt8(ascii: "\"") {
                        guard rest.first == byte else { break }
                        rest = rest.dropFirst()
                    }
                    cell.append(byte)
                }
            } else {
                while let byte = rest.first, byte != UInt8(ascii: ","), byte != 0x0d {
                    guard byte != UInt8(ascii: "\""), byte != 0x0a else { throw Malformed() }
                    cell.append(byte)
                    rest = rest.dropFirst()
                }
            }
            cells.append(String(decoding: cell, as: UTF8.self))
            switch rest.popFirst() {
            case UInt8(ascii: ","): continue
            case 0x0d:
                guard rest.popFirst() == 0x0a else { throw Malformed() }
                rows.append(cells)
                cells = []
            default: throw Malformed()
            }
        }
        guard cells.isEmpty else { throw Malformed() }
        return rows
    }

    private func rows(_ report: DumpReport) throws -> [[String: String]] {
        let rows = try parsed(DumpCSV.header + DumpCSV.rows(report))
        let names = try #require(rows.first)
        #expect(Set(names).count == names.count)
        return try rows.dropFirst().map { row in
            try #require(row.count == names.count)
            return Dictionary(uniqueKeysWithValues: zip(names, row))
        }
    }

    @Test("a row for each pod, container and sandbox, under names that tell the units")
    func values() throws {
        let rows = try rows(.of([.of([.app(details: .full), .sandbox()]), .bare([.unknown()])]))
        #expect(rows.map { $0["kind"] } == ["pod", "container", "sandbox", "pod", "container"])
        #expect(rows[1]["namespace"] == "default" && rows[1]["pod"] == "web" && rows[1]["container"] == "app")
        #expect(rows[1]["working_set_bytes"] == "\(100 << 20)" && rows[1]["cpu_nanocores"] == "250000000")
        #expect(rows[1]["cpu_pressure_some_avg10_hundredths"] == "1234")
        #expect(rows[0]["overhead_cpu_nanocores"] == "50000000")
        #expect(rows[4]["working_set_bytes"] == "" && rows[4]["pod"] == "")
        #expect(rows[4]["flags"] == "cpu-unavailable;memory-unavailable;no-name")
    }

    @Test("without pods there is the line of names alone")
    func empty() throws {
        #expect(try parsed(DumpCSV.header + DumpCSV.rows(.of([]))).count == 1)
    }

    @Test("hostile names stay in their cells, and no control byte is in the output")
    func hostileNames() throws {
        let report = DumpReport.of([.of([.app("a,\"b\"\r\n" + hostile, pod: hostile)], uid: "\",")])
        let rows = try rows(report)
        #expect(rows.count == 2)
        #expect(rows[1]["container"] == printable("a,\"b\"\r\n" + hostile) && rows[0]["pod_uid"] == "\",")
        #expect(DumpCSV.rows(report).utf8.allSatisfy { [0x0d, 0x0a].contains($0) || (0x20...0x7e).contains($0) })
    }

    private static let hasPython = (try? ChildProcess.run(["python3", "-c", "import csv"]))?.status == 0

    @Test("another program's parser sees the same cells", .enabled(if: hasPython, "needs python3"))
    func foreignParser() throws {
        let report = DumpReport.of([.of([.app("a,\"b\"", pod: "x\"y")])])
        let script = "import csv,sys\nfor row in csv.DictReader(sys.stdin): print(row['pod'], row['container'])"
        let result = try ChildProcess.run(
            ["python3", "-c", script], input: DumpCSV.header + DumpCSV.rows(report))
        #expect(result.status == 0 && result.text == "x\"y \nx\"y a,\"b\"\n", "\(result.text)")
    }
}
