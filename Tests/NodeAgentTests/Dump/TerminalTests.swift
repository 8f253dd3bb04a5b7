// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import NodeAgent

@Suite("What a terminal is told")
struct TerminalTests {
    private func terminal(_ columns: Int, _ rows: Int, _ environment: [String: String] = [:]) -> Terminal {
        Terminal(columns: columns, rows: rows) { environment[$0] }
    }

    @Test("the kernel's size counts; where it has none, COLUMNS and LINES do")
    func size() {
        let variables = ["COLUMNS": "132", "LINES": "43"]
        #expect(terminal(80, 24, variables).width == 80 && terminal(80, 24, variables).height == 24)
        #expect(terminal(0, 0, variables).width == 132 && terminal(0, 0, variables).height == 43)
        for nonsense in ["", "-3", "0", "wide", "99999999999999999999"] {
            #expect(terminal(0, 0, ["COLUMNS": nonsense]).width == nil)
        }
    }

    @Test("NO_COLOR and TERM=dumb are obeyed")
    func colour() {
        #expect(terminal(80, 24, ["TERM": "xterm"]).hasColour)
        #expect(!terminal(80, 24, ["TERM": "xterm", "NO_COLOR": "1"]).hasColour)
        #expect(terminal(80, 24, ["TERM": "xterm", "NO_COLOR": ""]).hasColour)
        #expect(terminal(80, 24, ["NO_COLOR": "1"]).isSteerable)
        let dumb = terminal(80, 24, ["TERM": "dumb"])
        #expect(!dumb.hasColour && !dumb.isSteerable)
    }

    @Test("a frame goes over the one before, and never scrolls")
    func frame() {
        #expect(Screen.frame(["a", "b"], height: 24) == "\u{1b}[Ha\u{1b}[K\nb\u{1b}[K\n\u{1b}[J")
        for height in 2...6 {
            let frame = Screen.frame(["1", "2", "3", "4", "5"], height: height)
            #expect(frame.count { $0 == "\n" } < height)
            #expect(frame.contains("more") == (height < 6))
        }
        #expect(Screen.frame(["1", "2", "3"], height: nil).count { $0 == "\n" } == 3)
        #expect(Screen.frame(["1", "2", "3"], height: 3).contains("2 lines more"))
    }

    @Test("a name is cut in its middle to exactly the width")
    func cut() {
        #expect(TextTable.cut("short", to: 5) == "short")
        #expect(TextTable.cut("shop/web-7d4b9c6f5d-x2x1z", to: 20) == "shop/web-7d4b…-x2x1z")
        for width in 1...30 { #expect(TextTable.cut("shop/web-7d4b9c6f5d-x2x1z", to: width).count == min(width, 25)) }
        #expect(TextTable.cut("anything", to: 0) == "anything")
    }
}
