import Configuration
import Testing

@Suite struct ConfigurationFileTests {
    private func parse(_ text: String) throws -> ConfigurationFile {
        try ConfigurationFile.parse(text, name: "x.toml")
    }

    private func failure(_ text: String, _ read: (ConfigurationTable) throws -> Void) -> String {
        do {
            let file = try parse(text)
            try read(file.root)
            try file.finish()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func readsEveryKind() throws {
        let file = try parse(
            """
            name = "a"
            count = 3
            ratio = 0.5
            on = true
            words = ["x", "y"]
            wait = "15s"
            room = "256KiB"
            [inner]
            deep.er = 1
            [[list]]
            n = 1
            [[list]]
            n = 2
            """
        )
        let root = file.root
        #expect(try root.string("name") == "a")
        #expect(try root.integer("count") == 3)
        #expect(try root.number("ratio") == 0.5)
        #expect(try root.number("count") == 3)
        #expect(try root.boolean("on") == true)
        #expect(try root.strings("words") == ["x", "y"])
        #expect(try root.duration("wait") == .seconds(15))
        #expect(try root.size("room") == 262_144)
        #expect(try root.table("inner")?.table("deep")?.integer("er") == 1)
        #expect(try root.tables("list")?.map { try $0.integer("n") } == [1, 2])
        #expect(try root.string("absent") == nil)
        try file.finish()
    }

    @Test func reportsSyntaxErrorsWithTheirPlace() {
        let text = failure("a = 1\nb = = 2\n") { _ in }
        #expect(text.hasPrefix("x.toml:2:"))
    }

    @Test func pointsAtTheFirstUnknownKeyAndGuesses() {
        let text = failure("domain = \"a\"\n\n[limits]\n  stanza_siez = 1\n  other = 2\n") {
            _ = try $0.string("domain")
            _ = try $0.table("limits")?.size("stanza_size")
        }
        #expect(text == "x.toml:4:3: unknown key \"stanza_siez\"; did you mean \"stanza_size\"?")
    }

    @Test func listsWhatIsKnownWhenNothingIsNear() {
        let text = failure("zebra = 1\n") { _ = try $0.string("domain") }
        #expect(text == "x.toml:1:1: unknown key \"zebra\"; known here: domain")
    }

    @Test func pointsAtAnUnknownTableOnceOnly() {
        let text = failure("[grups.hosts]\nsees = []\n") { _ = try $0.table("groups") }
        #expect(text == "x.toml:1:2: unknown key \"grups\"; did you mean \"groups\"?")
    }

    @Test func findsUnknownKeysInListsOfTables() {
        let text = failure("[[list]]\nn = 1\nm = 2\n") {
            for table in try $0.tables("list") ?? [] { _ = try table.integer("n") }
        }
        #expect(text.hasPrefix("x.toml:3:1: unknown key \"m\""))
    }

    @Test func saysWhatItExpectedAndWhere() {
        let text = failure("port = \"x\"\n") { _ = try $0.integer("port") }
        #expect(text == "x.toml:1:8: port: expected an integer, found \"x\"")
    }

    @Test(arguments: [
        ("15", "time with its unit"), ("15 weeks", "time with its unit"), ("-3s", "time"),
        ("99999999999999999999s", "time"), ("9223372036854775807d", "time"), ("2h", "between"),
    ])
    func refusesBadDurations(value: String, part: String) {
        let text = failure("t = \"\(value)\"\n") {
            _ = try $0.duration("t", in: .seconds(1) ... .seconds(60))
        }
        #expect(text.contains(part))
        #expect(text.hasPrefix("x.toml:1:5: t"))
    }

    @Test func keepsNumbersWithinTheirRange() {
        let text = failure("port = 70000\n") { _ = try $0.integer("port", in: 0...65535) }
        #expect(text == "x.toml:1:8: port: must be between 0 and 65535")
        let size = failure("s = \"1KiB\"\n") { _ = try $0.size("s", in: 10_000...262_144) }
        #expect(size == "x.toml:1:5: s: must be between 10000B and 256KiB")
    }

    @Test func refusesWordsOutsideAChoice() {
        enum Level: String, CaseIterable { case low, high }
        let text = failure("l = \"mid\"\n") { _ = try $0.choice("l", of: Level.self) }
        #expect(text == "x.toml:1:5: l: \"mid\" is not one of \"low\", \"high\"")
    }

    @Test func namesAMissingFile() {
        #expect(throws: ConfigurationError.self) {
            try ConfigurationFile.read("/nonexistent/lapwing.toml")
        }
    }

    @Test func refusesLongLinesAndLargeFiles() {
        let fits = "# " + String(repeating: "x", count: ConfigurationFile.maximumLineBytes - 2)
        #expect(failure(fits) { _ in } == "no error")
        #expect(failure(fits + "x") { _ in }.contains("longer than 4096 bytes"))
        let line = String(repeating: "#", count: 63) + "\n"
        let full = String(repeating: line, count: ConfigurationFile.maximumBytes / 64)
        #expect(failure(full) { _ in } == "no error")
        #expect(failure(full + "#") { _ in }.contains("larger than 256 KiB"))
    }

    @Test func survivesDeepNesting() {
        let dots = String(repeating: "a.", count: 2000)
        #expect(failure("\(dots)a = 1\n") { _ in }.contains("unknown key \"a\""))
        let brackets = "a = " + String(repeating: "[", count: 3000)
        #expect(failure(brackets) { _ in }.hasPrefix("x.toml:1:"))
    }

    @Test(arguments: [
        (Duration.seconds(90), "90s"), (.seconds(120), "2m"), (.milliseconds(1500), "1500ms"),
        (.zero, "0s"), (.seconds(86400), "1d"),
    ])
    func writesTimesWithTheirUnits(duration: Duration, text: String) {
        #expect(Quantity.text(duration) == text)
        #expect(Quantity.duration(text) == duration)
    }
}
