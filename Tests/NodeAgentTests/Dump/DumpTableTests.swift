// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Testing

@testable import NodeAgent

@Suite("agent --dump as a table")
struct DumpTableTests {
    private func lines(_ report: DumpReport) -> [String] {
        DumpTable.render(report).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The table's lines, header first.
    private func table(_ report: DumpReport) throws -> [String] {
        let all = lines(report)
        let start = try #require(all.firstIndex { $0.hasPrefix("NAMESPACE") })
        return all[start...].filter { !$0.isEmpty }
    }

    /// Cells are at least two blanks apart.
    private func cells(_ line: String) -> [String] {
        line.split(separator: "  ").map {
            String($0.drop(while: { $0 == " " }).reversed().drop(while: { $0 == " " }).reversed())
        }
        .filter { !$0.isEmpty }
    }

    private func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 == 0x0a || (0x20...0x7e).contains($0) }
    }

    @Test("the node line has the node, the tree and its figures")
    func node() {
        let text = lines(.of([.app(), .unknown(role: .sandbox)]))
        #expect(text[0] == "NODE node-1  cgroup v2 systemd  root /sys/fs/cgroup/kubepods")
        #expect(
            text[1]
                == "cpu 1500m of 2000m  working set 2048Mi of 4096Mi  usage 3072Mi  names 1/1  sweep 2.3 ms")
    }

    @Test("a row has every column, with a unit on each figure")
    func row() throws {
        let rows = try table(.of([.app()]))
        #expect(
            cells(rows[0]) == [
                "NAMESPACE", "POD", "CONTAINER", "QOS", "CPU(cores)", "WORKING SET", "USAGE", "LIMIT", "NAME FROM",
            ])
        #expect(
            cells(rows[1]) == [
                "default", "web", "app", "Burstable", "250m", "100Mi", "100Mi", "128Mi", "log-link",
            ])
    }

    @Test("text begins and figures end in one column, whatever their length")
    func alignment() throws {
        let rows = try table(
            .of([
                .app("a", pod: String(repeating: "p", count: 60), cpu: 1, memory: 1), .unknown(),
                .app(String(repeating: "c", count: 40), cpu: 12_345_000_000, memory: 1 << 45), .unknown(role: .sandbox),
            ]))
        #expect(rows.count == 5)
        let header = Array(rows[0])
        func column(_ title: String) throws -> Range<Int> {
            let range = try #require(rows[0].firstRange(of: title))
            let start = rows[0].distance(from: rows[0].startIndex, to: range.lowerBound)
            return start..<start + title.count
        }
        for row in rows.dropFirst().map(Array.init) {
            for title in ["POD", "CONTAINER", "QOS", "NAME FROM"] {
                let at = try column(title).lowerBound
                #expect(row[at] != " " && row[at - 1] == " " && row[at - 2] == " ", "\(title): \(String(row))")
            }
            for title in ["CPU(cores)", "WORKING SET", "USAGE", "LIMIT"] {
                let end = try column(title).upperBound
                #expect(row[end - 1] != " " && row[end] == " " && row[end + 1] == " ", "\(title): \(String(row))")
            }
            #expect(row.last != " ")
        }
        #expect(header.last != " ")
    }

    @Test("what could not be read is a question mark, a limit that is not set a dash")
    func unknown() throws {
        let rows = try table(.of([.unknown()]))
        #expect(cells(rows[1]) == ["-", "uid:u-2", "(deadbeef0123)", "BestEffort", "?", "?", "?", "-", "none"])
        let node = lines(.of([], node: NodeReading(), nodeCPU: nil))[1]
        #expect(node.hasPrefix("cpu ? of 2000m  working set ? of 4096Mi  usage ?"))
    }

    @Test("a sandbox goes by the name of its pod")
    func sandbox() throws {
        var row = DumpRow.unknown(role: .sandbox)
        row = DumpRow(
            record: row.record, cpuNanocores: nil, details: CgroupDetails(), siblingName: DumpRow.app().record.name)
        #expect(cells(try table(.of([row]))[1]).prefix(3) == ["default", "web", "(sandbox)"])
    }

    @Test("no name, path or message steers the terminal or breaks the table")
    func hostileNames() throws {
        let report = DumpReport.of(
            [.app(hostile, pod: hostile, namespace: hostile), .app()], nodeName: hostile, kubepodsPath: "/" + hostile,
            problems: ["cannot read /\(hostile)"])
        let text = DumpTable.render(report)
        #expect(isPlain(text))
        #expect(text.contains("\\u{1b}[2J") && text.contains("\\u{202e}"))
        #expect(try table(report).count == 3)
        let empty = DumpTable.render(.of([], kubepodsPath: "/" + hostile))
        #expect(isPlain(empty))
        #expect(empty.split(separator: "\n").count == 3)
    }

    @Test("problems are said before the rows, and no rows are said too")
    func problems() {
        let text = lines(.of([], problems: ["one", "two"]))
        #expect(Array(text[2...4]) == ["! one", "! two", "no containers below /sys/fs/cgroup/kubepods"])
    }

    @Test(
        "CPU has a digit after the point below 10m",
        arguments: [
            (0, "0.0m"), (99_999, "0.0m"), (100_000, "0.1m"), (9_999_999, "9.9m"), (10_000_000, "10m"),
            (1_999_999_999, "1999m"), (.max, "18446744073709m"),
        ] as [(UInt64, String)])
    func cpu(nanocores: UInt64, text: String) {
        #expect(DumpTable.cpu(nanocores) == text)
    }

    @Test(
        "memory has a digit after the point below 10Mi",
        arguments: [
            (0, "0.0Mi"), (1023, "0.0Mi"), (1 << 20, "1.0Mi"), ((10 << 20) - 1, "9.9Mi"), (10 << 20, "10Mi"),
            (.max, "17592186044415Mi"),
        ] as [(UInt64, String)])
    func memory(bytes: UInt64, text: String) {
        #expect(DumpTable.memory(bytes) == text)
    }
}
