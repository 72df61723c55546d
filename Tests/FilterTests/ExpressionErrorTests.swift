import Filter
import Testing

struct ExpressionErrorTests {
    @Test(arguments: [
        ("", 1, "expected a field"),
        ("   ", 4, "expected a field"),
        ("cpu.user >= ", 13, "expected a value after >="),
        (
            "cpu.user >= and host = \"a\"", 13,
            "expected a value: text in double quotes or a number after >="
        ),
        ("host", 5, "expected = != < <= > >=, like or in after host"),
        ("host not in (\"a\")", 6, "write not before the field"),
        ("host = web1", 8, "expected a value: text in double quotes or a number after ="),
        ("host == \"a\"", 6, "write = once"),
        ("host <> \"a\"", 6, "write != instead of <>"),
        ("!host = \"a\"", 1, "write not instead of !"),
        ("host => \"a\"", 6, "expected one of = != < <= > >="),
        ("host = 'a'", 8, "text is written in double quotes"),
        ("host = \"a\" && item = \"b\"", 12, "write and instead of &"),
        ("host = \"a\" || item = \"b\"", 12, "write or instead of |"),
        ("host = \"a\" # item", 12, "unexpected #"),
        ("host = \"a\" \u{1}", 12, "unexpected U+0001"),
        ("größe.ä = \"ö\" €", 15, "unexpected U+20AC"),
        ("host = \"abc", 8, "the text that begins here has no closing quote"),
        ("host = \"a\\b\"", 10, "after a backslash comes \" or another one"),
        ("host = \"a\\", 10, "after a backslash comes \" or another one"),
        ("host = \"a\" item = \"b\"", 12, "expected and, or or the end after the text"),
        ("host = \"a\" and", 15, "expected a field after and"),
        ("host = \"a\")", 11, "expected and, or or the end after the text"),
        ("(host = \"a\"", 12, "expected and, or or ) after the text"),
        ("(host = \"a\" item", 13, "expected and, or or ) after the text"),
        ("()", 2, "expected a field after ("),
        ("not", 4, "expected a field after not"),
        ("exists", 7, "expected a field after exists"),
        ("exists \"a\"", 8, "expected a field after exists"),
        ("cpu = 1", 1, "there is no field cpu: host, node, group, level, item, GROUP.NAME"),
        ("cpu. = 1", 6, "expected a name after cpu."),
        ("cpu.\"\" = 1", 5, "expected a name after cpu."),
        ("host[a] = 1", 5, "host has no instances"),
        ("disk.used[] = 1", 11, "expected an instance or * after ["),
        ("disk.used[\"\"] = 1", 11, "expected an instance or * after ["),
        ("disk.used[a b] = 1", 13, "expected ] after the instance"),
        ("disk.used[a", 12, "expected ] after the instance"),
        ("@ = 1", 2, "expected an attribute's name after @"),
        ("@1 = 1", 2, "expected an attribute's name after @"),
        ("/ = 1", 2, "expected an element's name after /"),
        ("/a/b/c = 1", 5, "a path has at most 2 names"),
        ("cpu.user > 1x", 12, "this is not a number, or too large for one"),
        ("cpu.user > 1e999", 12, "this is not a number, or too large for one"),
        ("cpu.user > 0x10", 12, "this is not a number, or too large for one"),
        ("cpu.user > -inf", 12, "this is not a number, or too large for one"),
        ("cpu.user > 1%", 13, "expected and, or or the end after 1"),
        ("host in \"a\"", 9, "expected ( after in"),
        ("host in ()", 10, "expected a value after ("),
        ("host in (\"a\" \"b\")", 14, "expected , or ) after the text"),
        ("host in (\"a\",", 14, "expected a value after ,"),
        ("host like web", 11, "expected a pattern in double quotes after like"),
        ("host like 3", 11, "expected a pattern in double quotes after like"),
        ("host like \"a\\\\\"", 11, "the pattern ends in a backslash that escapes nothing"),
        (
            "level = bad", 9,
            "expected a level (ok, unknown, info, warning or critical) after ="
        ),
        ("level > 3", 9, "expected a level (ok, unknown, info, warning or critical) after >"),
        (
            "level in (ok, \"no\")", 15,
            "expected a level (ok, unknown, info, warning or critical) after ,"
        ),
        ("level like \"w*\"", 7, "expected = != < <= > >= or in after level"),
        ("3 < cpu.user", 1, "expected a field"),
    ])
    func saysWhatIsWrongAndWhere(_ text: String, _ column: Int, _ message: String) {
        #expect(throws: FilterError(column: column, message)) { try Expression(text) }
    }

    @Test func describesTheColumnFirst() {
        let error = FilterError(column: 17, "expected a value after >=")
        #expect(error.description == "column 17: expected a value after >=")
    }

    /// Whatever the bytes are, there is an answer, and its column is in the text or just after.
    @Test(arguments: 0..<100)
    func answersToAnyText(_ seed: UInt64) {
        var random = Seeded(seed)
        var text = random.expression()
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            var scalars = Array(text.unicodeScalars)
            let place = Int.random(in: 0..<scalars.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: scalars.remove(at: place)
            case 1:
                scalars.insert(
                    random.pick(Array("()\"\\[]@/.=<>!,;%-+*é\u{0}".unicodeScalars)),
                    at: place
                )
            default: scalars = Array(scalars[..<place])
            }
            if scalars.isEmpty { scalars = ["("] }
            text = String(String.UnicodeScalarView(scalars))
        }
        do throws(FilterError) {
            _ = try Expression(text)
        } catch {
            #expect((1...(text.unicodeScalars.count + 1)).contains(error.column), "\(text)")
        }
    }

    // MARK: - Limits

    @Test func takesOneThousandAndTwentyFourBytes() throws {
        let frame = "host = \"\""
        let fits = String(repeating: "é", count: (1024 - frame.utf8.count) / 2)
        let padding = String(repeating: " ", count: (1024 - frame.utf8.count) % 2)
        let text = "host = \"\(fits)\"\(padding)"
        #expect(text.utf8.count == 1024)
        #expect(throws: Never.self) { try Expression(text) }
        let column = text.unicodeScalars.count + 1
        #expect(throws: FilterError(column: column, "the text is longer than 1024 bytes")) {
            try Expression(text + " ")
        }
    }

    @Test(arguments: ["(", "not "])
    func nestsSixteenDeep(_ opening: String) {
        func text(_ depth: Int) -> String {
            let closing = opening == "(" ? String(repeating: ")", count: depth) : ""
            return String(repeating: opening, count: depth) + "host = \"a\"" + closing
        }
        #expect(throws: Never.self) { try Expression(text(16)) }
        let column = opening.count * 16 + 1
        #expect(throws: FilterError(column: column, "more than 16 levels of ( and not")) {
            try Expression(text(17))
        }
    }

    @Test func depthIsNotCountedAcrossNeighbours() {
        let text = Array(repeating: "(not item = \"a\")", count: 30).joined(separator: " or ")
        #expect(throws: Never.self) { try Expression(text) }
    }

    @Test func takesSixtyFourComparisons() {
        func text(_ count: Int) -> String {
            Array(repeating: "a.b = 1", count: count).joined(separator: " or ")
        }
        #expect(throws: Never.self) { try Expression(text(64)) }
        let column = text(64).count + " or ".count + 1
        #expect(throws: FilterError(column: column, "more than 64 comparisons")) {
            try Expression(text(65))
        }
    }

    @Test func countsEachValueOfAList() {
        func text(_ count: Int) -> String {
            "host in (" + Array(repeating: "1", count: count).joined(separator: ",") + ")"
        }
        #expect(throws: Never.self) { try Expression(text(64)) }
        #expect(throws: FilterError(column: 1, "more than 64 comparisons")) {
            try Expression(text(65))
        }
    }

    @Test func takesPatternsOfOneHundredAndTwentyEightCharacters() {
        func text(_ count: Int) -> String {
            "host like \"" + String(repeating: "é", count: count) + "\""
        }
        #expect(throws: Never.self) { try Expression(text(128)) }
        #expect(throws: FilterError(column: 11, "a pattern has at most 128 characters")) {
            try Expression(text(129))
        }
    }

    @Test func keepsToLimitsOfItsOwn() {
        var limits = FilterLimits()
        limits.terms = 1
        #expect(throws: Never.self) { try Expression("host = \"a\"", limits: limits) }
        #expect(throws: FilterError.self) {
            try Expression("host = \"a\" or host = \"b\"", limits: limits)
        }
    }
}
