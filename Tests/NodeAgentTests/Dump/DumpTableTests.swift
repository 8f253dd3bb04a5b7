// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Testing

@testable import NodeAgent

@Suite("agent --dump as a table")
struct DumpTableTests {
    private static let terminal = Terminal(width: 100, height: 50, isSteerable: true, hasColour: true)

    private static let plain = Terminal(width: 100, height: 50, isSteerable: true, hasColour: false)

    private func text(_ report: DumpReport, wide: Bool = false, terminal: Terminal? = nil) -> String {
        DumpTable.render(report, wide: wide, terminal: terminal)
    }

    /// The table's lines, header first.
    private func table(_ report: DumpReport, wide: Bool = false, terminal: Terminal? = nil) throws -> [String] {
        let lines = DumpTable.lines(report, wide: wide, terminal: terminal)
        return Array(lines[try #require(lines.firstIndex { $0.contains("POD/CONTAINER") })...])
    }

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 == 0x0a || (0x20...0x7e).contains($0) }
    }

    @Test("a node with two pods")
    func golden() {
        let report = DumpReport.of([
            .of([
                .app(throttling: ThrottledPeriods(periods: 1000, throttled: 125), restarts: 0),
                .app("log-shipper", cpu: 3_300_000, memory: 9 << 20, restarts: 0, details: CgroupDetails()),
                .sandbox(),
            ]),
            .bare([.unknown()]),
        ])
        #expect(
            text(report) == """
                NODE node-1  cgroup v2 systemd  root /sys/fs/cgroup/kubepods
                cpu 1500m of 2000m (75%)  working set 2048Mi of 4096Mi (50%)  usage 3072Mi
                pods 2  names 2/3  sweep 2.3 ms  files 340

                POD/CONTAINER      CPU  THROT%     WS  CURRENT  LIMIT  %LIM  OOM  AGE  QOS/FROM
                default/web       300m       -  120Mi    120Mi  256Mi    46    0   4d  Burstable
                  app             250m    12.5  100Mi    100Mi  128Mi    78    0   3h  log-link
                  log-shipper     3.3m       -  9.0Mi    9.0Mi      -     -    -   3h  log-link
                  (sandbox)       0.0m       -  0.2Mi    0.2Mi      -     -    -   4d  inode-order
                  (overhead)       46m           10Mi     10Mi                         pod-sum
                uid:u-2              ?       -      ?        ?      -     -    -       BestEffort
                  (deadbeef0123)     ?       -      ?        ?      -     -    -    ?  none

                """)
    }

    @Test("the wide table has every column")
    func wide() throws {
        let rows = try table(
            .of([.of([.app(throttling: ThrottledPeriods(periods: 10, throttled: 4), details: .full)])]), wide: true)
        let expected: [String] = [
            """
            POD/CONTAINER QOS CPU CPU LIMIT THROT% WS CURRENT PEAK ANON LIMIT %LIM SWAP OOM PSI c/m/i PROCS AGE \
            RESTARTS NAME FROM POD UID CONTAINER ID INODE CGROUP
            """,
            "default/web Burstable 300m - - 120Mi 120Mi - - 256Mi 46 - 0 - - 4d u-1 41 kubepods/u-1",
            """
            app 250m 500m 40.0 100Mi 100Mi 110Mi 90Mi 128Mi 78 8.0Mi 2 12/0/0.1 17 3h 3 log-link c0ffee012345 42 \
            kubepods/x
            """,
            "(overhead) 50m 20Mi 20Mi pod-sum",
        ]
        let words = rows.map { $0.split(separator: " ").joined(separator: " ") }
        #expect(words == expected)
    }

    @Test("swap, pressure and restarts have a column where there is any")
    func columns() throws {
        func header(_ row: DumpRow) throws -> String { try table(.of([.of([row])]))[0] }
        let plain = try header(.app(restarts: 0))
        for title in ["SWAP", "PSI", "RESTARTS"] { #expect(!plain.contains(title)) }
        var details = CgroupDetails()
        details.swapBytes = 0
        #expect(try !header(.app(restarts: 0, details: details)).contains("SWAP"))
        details.swapBytes = 1
        #expect(try header(.app(restarts: 0, details: details)).contains("SWAP"))
        details = CgroupDetails()
        details.ioPressure = .average(0)
        #expect(try header(.app(restarts: 0, details: details)).contains("PSI c/m/i"))
        #expect(try header(.app(restarts: 1)).contains("RESTARTS"))
    }

    @Test("text begins and figures end in one column, whatever their length")
    func alignment() throws {
        let rows = try table(
            .of([
                .of([
                    .app("a", pod: String(repeating: "p", count: 60), cpu: 1, memory: 1, restarts: 10_000),
                    .app(String(repeating: "c", count: 70), cpu: 12_345_000_000, memory: 1 << 45, details: .full),
                    .sandbox(),
                ]), .bare([.unknown()]),
            ]))
        #expect(rows.count == 8)
        for title in ["CPU", "THROT%", "WS", "CURRENT", "LIMIT", "%LIM", "SWAP", "OOM", "PSI c/m/i"] {
            let range = try #require(rows[0].firstRange(of: "  \(title)"))
            let end = rows[0].distance(from: rows[0].startIndex, to: range.upperBound)
            for row in rows.dropFirst().map(Array.init) where !row.starts(with: "  (overhead)") {
                #expect(row[end - 1] != " " && row[end] == " " && row[end + 1] == " ", "\(title): \(String(row))")
            }
        }
        let source = try #require(rows[0].firstRange(of: "QOS/FROM"))
        let start = rows[0].distance(from: rows[0].startIndex, to: source.lowerBound)
        for row in rows.map(Array.init) {
            #expect(row[start] != " " && row[start - 1] == " " && row.last != " ", "\(String(row))")
        }
    }

    @Test("a terminal's width is kept by cutting names in the middle; a pipe gets all of them")
    func width() throws {
        let pod = String(repeating: "long-", count: 20) + "7d4b9c6f5d-x2x1z"
        let report = DumpReport.of([.of([.app(pod: pod, restarts: 0)])])
        let cut = try table(report, terminal: Self.plain)
        #expect(cut.map { $0.count }.max() == 100)
        #expect(cut[1].contains("…-x2x1z  ") && cut[1].hasPrefix("default/long-") && !cut[1].contains(pod))
        #expect(try table(report)[1].contains(pod))
        #expect(try table(report, wide: true, terminal: Self.plain)[1].contains(pod))
    }

    @Test("a terminal that is too narrow is given fewer columns, the most telling ones to the last")
    func narrow() throws {
        let report = DumpReport.of([.of([.app(pod: "web-7d4b9c6f5d-x2x1z", details: .full)])])
        func header(_ width: Int) throws -> String {
            var terminal = Self.plain
            terminal.width = width
            let rows = try table(report, terminal: terminal)
            if width >= 60 { #expect(rows.allSatisfy { $0.count <= width }) }
            return rows[0].split(separator: " ").joined(separator: " ")
        }
        let all = "POD/CONTAINER CPU THROT% WS CURRENT LIMIT %LIM SWAP OOM PSI c/m/i AGE RESTARTS QOS/FROM"
        #expect(try header(200) == all)
        #expect(try header(100) == "POD/CONTAINER CPU THROT% WS CURRENT LIMIT %LIM SWAP OOM PSI c/m/i AGE")
        #expect(try header(80) == "POD/CONTAINER CPU THROT% WS LIMIT %LIM OOM PSI c/m/i AGE")
        #expect(try header(20) == "POD/CONTAINER CPU THROT% WS LIMIT %LIM OOM AGE")
    }

    @Test("a hundred columns have room for the usual columns and the names of a cgroup v2 node")
    func hundred() throws {
        var details = CgroupDetails.full
        details.swapBytes = 0
        let report = DumpReport.of([
            .of([.app(pod: "coredns-5d78c9869d-x2x1z", namespace: "kube-system", restarts: 0, details: details)])
        ])
        let rows = try table(report, terminal: Self.plain)
        #expect(rows[0].hasSuffix("QOS/FROM") && rows[0].contains("CURRENT") && rows[0].contains("PSI"))
        #expect(rows[1].hasPrefix("kube-system/") && rows.allSatisfy { $0.count <= 100 })
    }

    @Test("only a terminal is given colour, and only what asks for attention")
    func colour() throws {
        let throttled = ThrottledPeriods(periods: 2, throttled: 1)
        let calm = DumpReport.of([.of([.app()])])
        let loud = DumpReport.of([.of([.app(memory: 127 << 20, throttling: throttled)])])
        #expect(!text(loud).contains("\u{1b}"))
        func styled(_ report: DumpReport) -> String { text(report, terminal: Self.terminal) }
        #expect(styled(loud).contains("\u{1b}[1;31m99\u{1b}[0m") && styled(loud).contains("\u{1b}[33m50.0\u{1b}[0m"))
        #expect(!styled(calm).contains("[1;31m") && !styled(calm).contains("[33m"))
        var dull = Self.terminal
        dull.hasColour = false
        #expect(text(loud, terminal: dull) == text(loud))
    }

    @Test("styles take no room")
    func stylesAreNoText() throws {
        let report = DumpReport.of([.of([.app(memory: 127 << 20), .sandbox()])])
        var text = text(report, terminal: Self.terminal)
        for code in ["\u{1b}[1;31m", "\u{1b}[1m", "\u{1b}[33m", "\u{1b}[0m"] {
            while let range = text.firstRange(of: code) { text.removeSubrange(range) }
        }
        #expect(text == DumpTable.render(report))
    }

    @Test("no name, path or message steers the terminal or breaks the table")
    func hostileNames() throws {
        let report = DumpReport.of(
            [.of([.app(hostile, pod: hostile, namespace: hostile), .app()], uid: hostile)], nodeName: hostile,
            kubepodsPath: "/" + hostile, problems: ["cannot read /\(hostile)"])
        for wide in [false, true] {
            let text = text(report, wide: wide)
            #expect(Self.isPlain(text))
            #expect(text.contains("\\u{1b}[2J") && text.contains("\\u{202e}"))
            #expect(try table(report, wide: wide).count == 5)
        }
        let empty = text(.of([], kubepodsPath: "/" + hostile))
        #expect(Self.isPlain(empty))
        #expect(empty.split(separator: "\n").count == 4)
    }

    @Test("problems are said before the rows, and no rows are said too")
    func problems() {
        let lines = DumpTable.lines(.of([], node: NodeReading(), nodeCPU: nil, problems: ["one", "two"]))
        #expect(lines[1] == "cpu ? of 2000m  working set ? of 4096Mi  usage ?")
        #expect(Array(lines[3...]) == ["! one", "! two", "no containers below /sys/fs/cgroup/kubepods"])
    }

    @Test("a choice that leaves no pod is told from a node without any")
    func noMatch() throws {
        let report = DumpReport.of([], pods: 3)
        #expect(DumpTable.lines(report).last == "none of the pods matches --namespace and --pod")
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

    @Test(
        "an age has one unit, of which there are at least two",
        arguments: [
            (0, "0s"), (119, "119s"), (120, "2m"), (7_199, "119m"), (7_200, "2h"), (172_799, "47h"), (172_800, "2d"),
            (86_400 * 400, "400d"),
        ] as [(UInt64, String)])
    func age(seconds: UInt64, text: String) {
        #expect(DumpTable.age(seconds * 1_000_000_000) == text)
    }

    @Test("pressure is told of each resource that the kernel tells it of")
    func pressure() {
        var details = CgroupDetails()
        #expect(DumpTable.pressure(details) == "-")
        details.cpuPressure = .average(0)
        details.memoryPressure = .average(10_000)
        #expect(DumpTable.pressure(details) == "0/100/-")
    }
}
