import Filter
import Testing

struct EvaluationTests {
    @Test(arguments: [
        ("host = \"web-1\"", Truth.yes),
        ("host = \"web-2\"", .no),
        ("host != \"web-2\"", .yes),
        ("host < \"web-2\"", .yes),
        ("host like \"web-?\"", .yes),
        ("host in (\"db\", \"web-1\")", .yes),
        ("host in (\"db\", \"web-2\")", .no),
        ("host = 3", .unknown),
        ("host in (3, \"web-1\")", .yes),
        ("host in (3, \"db\")", .unknown),
        ("node = \"urn:lapwing:1#cpu\" and group = \"cpu\" and item = \"current\"", .yes),
        ("level >= warning", .yes),
        ("level > warning", .no),
        ("level = \"warning\"", .yes),
        ("level in (info, critical)", .no),
        ("level != ok and level != unknown", .yes),
        ("cpu.user > 93.5", .no),
        ("cpu.user >= 93.5", .yes),
        ("cpu.user < 93.6", .yes),
        ("cpu.user <= 93.4", .no),
        ("cpu.user = \"93.50\"", .yes),
        ("cpu.user > \"90\"", .yes),
        ("cpu.user > \"ninety\"", .unknown),
        ("cpu.user like \"9*\"", .unknown),
        ("cpu.user[0] = 99", .yes),
        ("cpu.user[7] = 99", .unknown),
        ("cpu.user[*] = 10", .yes),
        ("cpu.user[*] > 98", .yes),
        ("cpu.user[*] > 99", .no),
        ("cpu.user[*] = \"odd\"", .yes),
        ("cpu.user[*] like \"o*\"", .yes),
        ("cpu.idle[*] > 1", .unknown),
        ("disk.used[*] like \"9*\"", .unknown),
        ("disk.used[/var] > 98", .yes),
        ("@seq = 1841", .yes),
        ("@seq > 1840.5", .yes),
        ("@seq = \"1841\"", .yes),
        ("@seq = \"1841.0\"", .no),
        ("@run > 3", .unknown),
        ("/entry like \"*disk*\"", .yes),
        ("/entry/title = \"Disk\"", .yes),
        ("/entry/title = \"disk\"", .no),
        ("exists @seq", .yes),
        ("exists @at", .no),
        ("exists cpu.user[*]", .yes),
        ("exists cpu.idle[*]", .no),
        ("not exists @at", .yes),
        ("not @at = 1", .unknown),
        ("@at = 1 or level = warning", .yes),
        ("@at = 1 and level = ok", .no),
        ("@at = 1 or level = ok", .unknown),
        ("not (@at = 1 and level = ok)", .yes),
        ("not host = \"db\" and not level = ok", .yes),
        ("host = \"db\" and host = \"x\" or level = warning", .yes),
        ("host = \"db\" and (host = \"x\" or level = warning)", .no),
    ])
    func decides(_ text: String, _ truth: Truth) throws {
        #expect(try Expression(text).evaluate(Item.busy) == truth)
    }

    @Test func levelsAreOrdered() throws {
        let names = ["ok", "unknown", "info", "warning", "critical"]
        for (rank, name) in names.enumerated() {
            for (other, bound) in names.enumerated() {
                for value in [Value.level(rank), .text(name)] {
                    let item = Item(["level": value])
                    let less = try Expression("level < \(bound)").evaluate(item)
                    let equal = try Expression("level = \(bound)").evaluate(item)
                    #expect(less == Truth(rank < other))
                    #expect(equal == Truth(rank == other))
                }
            }
        }
    }

    @Test func aLevelThatIsNoneIsUnknown() throws {
        for value in [Value.text("bad"), .number(3)] {
            #expect(try Expression("level >= ok").evaluate(Item(["level": value])) == .unknown)
        }
    }

    @Test func whatIsNotANumberIsUnknown() throws {
        let item = Item(["cpu.user": .number(.nan)])
        for text in ["cpu.user = 1", "cpu.user != 1", "not cpu.user < 1"] {
            #expect(try Expression(text).evaluate(item) == .unknown)
        }
    }

    @Test func textsAreOrderedByCodePoints() throws {
        // U+FF5E comes before U+10000, other than in UTF-16.
        let item = Item(["@a": .text("\u{FF5E}")])
        #expect(try Expression("@a < \"\u{10000}\"").evaluate(item) == .yes)
        #expect(try Expression("@a > \"zzz\"").evaluate(item) == .yes)
    }

    @Test func equalityIsOfCodePoints() throws {
        let item = Item(["@a": .text("é")])
        #expect(try Expression("@a = \"é\"").evaluate(item) == .yes)
        #expect(try Expression("@a = \"e\u{301}\"").evaluate(item) == .no)
        #expect(try Expression("@a != \"e\u{301}\"").evaluate(item) == .yes)
    }

    @Test(arguments: ["0x10", "inf", "nan", "", " 1", "1 ", "1e999", "--1", "1.2.3"])
    func textThatIsNoNumberIsNoneForAComparison(_ text: String) throws {
        #expect(try Expression("@a != 7").evaluate(Item(["@a": .text(text)])) == .unknown)
    }

    @Test(arguments: [
        ("7", 7.0), ("-7.5", -7.5), ("+7", 7), ("7e3", 7000), ("7E-1", 0.7), (".5", 0.5),
    ])
    func textThatIsANumberIsOne(_ text: String, _ number: Double) throws {
        #expect(try Expression("@a = \(number)").evaluate(Item(["@a": .text(text)])) == .yes)
    }

    // MARK: - Three values

    static let truths: [Truth] = [.yes, .no, .unknown]

    private func text(_ truth: Truth) -> String {
        switch truth {
        case .yes: "host = \"web-1\""
        case .no: "host = \"db\""
        case .unknown: "@missing = 1"
        }
    }

    @Test(arguments: truths, truths)
    func joinsThreeValues(_ left: Truth, _ right: Truth) throws {
        let both: Truth =
            left == .no || right == .no ? .no : left == .yes && right == .yes ? .yes : .unknown
        let either: Truth =
            left == .yes || right == .yes ? .yes : left == .no && right == .no ? .no : .unknown
        #expect((left && right) == both)
        #expect((left || right) == either)
        let conjunction = try Expression("\(text(left)) and \(text(right))")
        let disjunction = try Expression("\(text(left)) or \(text(right))")
        #expect(conjunction.evaluate(Item.busy) == both)
        #expect(disjunction.evaluate(Item.busy) == either)
        let negated = try Expression("not (\(text(left)) and \(text(right)))")
        #expect(negated.evaluate(Item.busy) == !both)
    }

    @Test(arguments: 0..<40)
    func notOfBothIsEitherOfNot(_ seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<10 {
            let (left, right) = (random.expression(depth: 2), random.expression(depth: 2))
            let item = random.item()
            let outer = try Expression("not ((\(left)) and (\(right)))").evaluate(item)
            let inner = try Expression("not (\(left)) or not (\(right))").evaluate(item)
            #expect(outer == inner, "\(left) | \(right)")
        }
    }

    // MARK: - Patterns

    @Test(arguments: [
        ("", "", true), ("", "a", false), ("*", "", true), ("*", "anything", true),
        ("a", "a", true), ("a", "b", false), ("a*", "abc", true), ("*c", "abc", true),
        ("*b*", "abc", true), ("*b*", "ac", false), ("a*c", "abc", true), ("a*c", "abcd", false),
        ("a**c", "ac", true), ("?", "", false), ("?", "é", true), ("?", "ab", false),
        ("??", "é", false), ("*?", "é", true), ("?*", "日本", true), ("??", "日本", true),
        ("\\*", "*", true), ("\\*", "a", false), ("\\?x", "?x", true), ("\\\\", "\\", true),
        ("\\a", "a", true), ("web-*-??", "web-eu-01", true), ("*é", "aé", true),
        ("a*b*c", "axxbxxbc", true), ("A*", "abc", false),
    ])
    func matchesPatterns(_ pattern: String, _ text: String, _ matches: Bool) throws {
        let literal = pattern.replacing("\\", with: "\\\\")
        let expression = try Expression("@a like \"\(literal)\"")
        #expect(expression.evaluate(Item(["@a": .text(text)])) == Truth(matches))
    }

    @Test(arguments: 0..<40)
    func patternsMatchAsTheirDefinitionSays(_ seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<30 {
            let pattern = (0..<Int.random(in: 0...7, using: &random)).map { _ in
                random.pick(["a", "b", "é", "*", "*", "?"])
            }
            .joined()
            let text = (0..<Int.random(in: 0...9, using: &random)).map { _ in
                random.pick(["a", "b", "é"])
            }
            .joined()
            let expression = try Expression("@a like \"\(pattern)\"")
            let wanted = Self.matches(
                Array(pattern.unicodeScalars)[...],
                Array(text.unicodeScalars)[...]
            )
            #expect(
                expression.evaluate(Item(["@a": .text(text)])) == Truth(wanted),
                "\(pattern) \(text)"
            )
        }
    }

    /// The definition, by trying everything.
    private static func matches(
        _ pattern: ArraySlice<Unicode.Scalar>,
        _ text: ArraySlice<Unicode.Scalar>
    ) -> Bool {
        guard let symbol = pattern.first else { return text.isEmpty }
        let rest = pattern.dropFirst()
        if symbol == "*" {
            return matches(rest, text) || (!text.isEmpty && matches(pattern, text.dropFirst()))
        }
        guard let scalar = text.first, symbol == "?" || symbol == scalar else { return false }
        return matches(rest, text.dropFirst())
    }
}
