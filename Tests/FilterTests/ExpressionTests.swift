import Filter
import Testing

struct ExpressionTests {
    @Test(arguments: [
        ("host = \"web-1\"", "host = \"web-1\""),
        ("  HOST.X>=1e2", "HOST.X >= 100"),
        (
            "level>=WARNING AND host LIKE \"web-*\" and cpu.user > 90",
            "level >= warning and host like \"web-*\" and cpu.user > 90"
        ),
        ("((host=\"a\"))", "host = \"a\""),
        (
            "host=\"a\" or (item=\"b\" or node=\"c\")",
            "host = \"a\" or item = \"b\" or node = \"c\""
        ),
        (
            "host=\"a\" or item=\"b\" and node=\"c\"",
            "host = \"a\" or item = \"b\" and node = \"c\""
        ),
        (
            "(host=\"a\" or item=\"b\") and node=\"c\"",
            "(host = \"a\" or item = \"b\") and node = \"c\""
        ),
        ("not not host=\"a\"", "not not host = \"a\""),
        ("not (host=\"a\" and item=\"b\")", "not (host = \"a\" and item = \"b\")"),
        ("not host=\"a\" and item=\"b\"", "not host = \"a\" and item = \"b\""),
        ("host in(\"a\",\"b\",3)", "host in (\"a\", \"b\", 3)"),
        ("Exists disk.used[ /var/log-1_x:2 ]", "exists disk.used[/var/log-1_x:2]"),
        ("disk.used[\"/a b\"]!=-0.50", "disk.used[\"/a b\"] != -0.5"),
        ("disk.used[\"/var\"] = 1", "disk.used[/var] = 1"),
        ("disk.used[\"*\"] = 1", "disk.used[\"*\"] = 1"),
        ("disk.used[*]<.5", "disk.used[*] < 0.5"),
        ("check.\"5xx rate\" > 1", "check.\"5xx rate\" > 1"),
        ("check.http.5xx > 1", "check.http.5xx > 1"),
        ("check.\"plain\" = 1", "check.plain = 1"),
        ("@seq = 7", "@seq = 7"),
        ("@xml:lang = \"en\"", "@xml:lang = \"en\""),
        ("/entry/title = \"say \\\"\\\\\\\"\"", "/entry/title = \"say \\\"\\\\\\\"\""),
        ("level in (ok, \"critical\")", "level in (ok, critical)"),
        ("level != unknown", "level != unknown"),
        ("grösse.größe > 1", "grösse.größe > 1"),
    ])
    func writesOneFormOfAnExpression(_ text: String, _ canonical: String) throws {
        let expression = try Expression(text)
        #expect(expression.description == canonical)
        #expect(try Expression(canonical) == expression)
    }

    @Test(arguments: 0..<60)
    func canonicalTextReadsAsAnEqualExpression(_ seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<10 {
            let text = random.expression(depth: 4)
            let expression = try Expression(text)
            let again = try Expression(expression.description)
            #expect(again == expression, "\(text)")
            #expect(again.hashValue == expression.hashValue)
            #expect(again.description == expression.description)
        }
    }

    @Test(arguments: [
        ("host = \"a\" and item = \"b\"", "item = \"b\" and host = \"a\""),
        ("host = \"a\"", "host = \"A\""),
        ("host = \"é\"", "host = \"e\u{301}\""),
        ("@é = \"a\"", "@e\u{301} = \"a\""),
        ("host like \"é\"", "host like \"e\u{301}\""),
        ("disk.used[a] = 1", "disk.used = 1"),
        ("disk.used[*] = 1", "disk.used[\"*\"] = 1"),
        ("cpu.user = 1", "cpu.user = \"1\""),
    ])
    func keepsApartWhatMayDiffer(_ text: String, _ other: String) throws {
        #expect(try Expression(text) != Expression(other))
    }

    @Test func namesTheFieldsThatItReads() throws {
        let expression = try Expression(
            "level > ok and (cpu.user > 1 or cpu.user < 0) and not exists /a/b and disk.used[*] = 1"
        )
        #expect(
            expression.fields == [
                .level, .metric(group: "cpu", name: "user", instance: .none), .child(["a", "b"]),
                .metric(group: "disk", name: "used", instance: .any),
            ]
        )
        #expect(expression.termCount == 5)
        #expect(try Expression("host in (\"a\", \"b\") and item = \"c\"").termCount == 3)
    }

    @Test func explainsEachComparison() throws {
        let expression = try Expression("level >= critical or (cpu.user > 90 and net.rx = 1)")
        let explained = expression.explain(Item.busy)
        #expect(explained.map(\.term) == ["level >= critical", "cpu.user > 90", "net.rx = 1"])
        #expect(explained.map(\.truth) == [.no, .yes, .unknown])
    }
}
