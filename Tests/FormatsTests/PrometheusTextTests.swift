// SPDX-License-Identifier: Apache-2.0
import Formats
import Testing

@Suite("Figures as Prometheus reads them")
struct PrometheusTextTests {
    @Test("label values are escaped")
    func escaping() throws {
        var text = PrometheusText()
        text.family("x", .gauge, help: "X.")
        text.sample("x", labels: [("a", "q\"b\\n\nü"), ("b", "")], 1.5)
        #expect(text.text == "# HELP x X.\n# TYPE x gauge\nx{a=\"q\\\"b\\\\n\\nü\",b=\"\"} 1.5\n")
        _ = try PrometheusPage(text.text)
    }

    @Test("the checker itself refuses what Prometheus would")
    func strictness() {
        let head = "# HELP x X.\n# TYPE x gauge\n"
        for text in [
            "x 1\n", head + "x 1", head + "x one\n", head + "y 1\n", head + "x 1\nx 1\n", head + "x{a=b} 1\n",
            head + "x{a=\"\\q\"} 1\n", head + "\n", "# TYPE x gauge\nx 1\n", head + head + "x 1\n",
            head + "x{a=\"1\",a=\"2\"} 1\n", "# HELP x X.\n# TYPE x counter\nx 1\n",
        ] {
            #expect(throws: PrometheusPage.Malformed.self, "\(text)") { try PrometheusPage(text) }
        }
    }

    private func page(_ dialect: PrometheusText.Dialect) -> String {
        var text = PrometheusText(dialect)
        text.single("a_total", .counter, help: "A.", 7)
        text.family("b", .gauge, help: "B.")
        let labels = PrometheusText.Labels([("x", "1")])
        text.sample("b", prepared: labels.adding([("y", "2\"")]), 0.25)
        text.sample("b", prepared: PrometheusText.Labels([]).adding([]), 1)
        text.histogram("c", help: "C.", bounds: [0.5, 1], counts: [2, 0, 3], sum: 9.5)
        return text.text
    }

    @Test("both dialects name the same samples; OpenMetrics names counters' families shorter and says its end")
    func dialects() throws {
        let plain = page(.prometheus)
        let open = page(.openMetrics)
        #expect(plain.contains("# TYPE a_total counter\na_total 7\n"))
        #expect(open.contains("# TYPE a counter\na_total 7\n") && open.hasSuffix("c_count 5\n# EOF\n"))
        for page in [try PrometheusPage(plain), try PrometheusPage(open, openMetrics: true)] {
            #expect(page["a_total"] == 7 && page["b"] == 1)
            #expect(page[#"b{x="1",y="2\""}"#] == 0.25)
            #expect(page[#"c_bucket{le="0.5"}"#] == 2 && page[#"c_bucket{le="1.0"}"#] == 2)
            #expect(page[#"c_bucket{le="+Inf"}"#] == 5 && page["c_sum"] == 9.5)
        }
        #expect(throws: PrometheusPage.Malformed.self) { try PrometheusPage(open) }
        #expect(throws: PrometheusPage.Malformed.self) { try PrometheusPage(plain, openMetrics: true) }
    }

    /// What Prometheus 2.53 and 3.1 send, curl, a browser, and some that want neither.
    static let headers: [(String, PrometheusText.Dialect)] = [
        (
            "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
                + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2", .openMetrics
        ),
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.2", .openMetrics
        ),
        ("text/plain;version=0.0.4;q=1,*/*;q=0.1", .prometheus), ("*/*", .prometheus), ("", .prometheus),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", .prometheus),
        ("application/openmetrics-text;q=0.1,text/plain", .prometheus),
        ("application/openmetrics-text;version=0.0.1,text/plain;q=0.5", .prometheus),
        ("application/openmetrics-text;q=0", .prometheus),
        ("APPLICATION/OpenMetrics-Text; Version=\"1.0.0\"", .openMetrics),
        ("application/json", .prometheus), (";;,,q=,/;q", .prometheus),
    ]

    @Test("the Accept header decides", arguments: headers)
    func negotiation(header: String, dialect: PrometheusText.Dialect) {
        #expect(PrometheusText.Dialect(accept: header) == dialect)
    }
}
