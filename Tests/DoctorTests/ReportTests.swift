// SPDX-License-Identifier: Apache-2.0
import Console
import Testing

@testable import Aggregator

@Suite("The doctor's report")
struct ReportTests {
    private let findings: [Finding] = [
        .ok("clock", "agrees"), .warn("agents", "1 of 2", fix: ["look", "and look again"]),
        .fail("API server", "gone", fix: []),
    ]

    @Test("columns are aligned, and what to do stands below")
    func aligned() {
        #expect(
            ReportStyle().render(findings) == """
                ok    clock       agrees
                warn  agents      1 of 2
                      - look
                      - and look again
                FAIL  API server  gone

                1 ok, 1 warn, 1 FAIL

                """)
    }

    @Test("on a terminal, long texts go on in their column")
    func wrapped() {
        let text = ReportStyle(columns: 60).render([
            .warn(
                "it", "one two three four five six seven eight nine ten eleven twelve",
                fix: ["thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"])
        ])
        #expect(
            text.hasPrefix(
                """
                warn  it  one two three four five six seven eight nine ten
                          eleven twelve
                      - thirteen fourteen fifteen sixteen seventeen eighteen
                        nineteen twenty

                """))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 60 })
    }

    @Test("nothing that a server says breaks a line or moves the cursor")
    func hostile() {
        let text = ReportStyle().render([.ok("it", "a\nFAIL  b\u{1B}[2Jc\u{9B}31m\td")])
        #expect(text.hasPrefix("ok    it  a FAIL b[2Jc31m d\n"))
    }

    @Test("colours for terminals that have them, and whose user wants them")
    func colours() {
        func style(_ environment: [String: String]) -> ReportStyle {
            .ofTerminal(columns: 100, environment: { environment[$0] })
        }
        #expect(style([:]).isColoured && style(["NO_COLOR": ""]).isColoured)
        #expect(!style(["NO_COLOR": "1"]).isColoured && !style(["TERM": "dumb"]).isColoured)
        #expect(style([:]).render([.fail("it", "x", fix: [])]).hasPrefix("\u{1B}[1;31mFAIL\u{1B}[0m  it  x\n"))
        #expect(ReportStyle.ofTerminal(columns: 5, environment: { _ in nil }).columns == 60)
    }
}
