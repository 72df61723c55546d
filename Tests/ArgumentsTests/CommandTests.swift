import Testing

@testable import Arguments

struct CommandTests {
    private let command = Command(
        "probe",
        summary: "Reads this host and tells what it sees, in one line or in many.",
        options: [
            Option("config", short: "c", .value("FILE"), help: "Read settings from FILE"),
            Option("interval", .value("SECONDS"), help: "Time between two readings"),
            Option("label", short: "l", .repeated("NAME"), help: "Add a label"),
            Option("json", short: "j", help: "Write JSON"),
            Option("quiet", short: "q", help: "Say less"),
        ],
        operands: "[HOST]…",
        examples: [.init("probe --json", "One reading as JSON.")]
    )

    enum Colour: String, CaseIterable { case never, always }

    @Test(arguments: [["--config", "a"], ["--config=a"], ["-c", "a"], ["-ca"]])
    func readsAValueInEveryForm(arguments: [String]) throws {
        #expect(try command.parse(arguments).value("config") == "a")
    }

    @Test func readsFlagsAlsoTogether() throws {
        let parsed = try command.parse(["-jq"])
        #expect(parsed.has("json"))
        #expect(parsed.has("quiet"))
        #expect(!parsed.has("config"))
    }

    @Test func shortFlagsMayEndInAValue() throws {
        let parsed = try command.parse(["-jc", "file"])
        #expect(parsed.has("json"))
        #expect(parsed.value("config") == "file")
    }

    @Test func keepsRepeatedValuesInOrder() throws {
        let parsed = try command.parse(["--label", "a", "-l", "b", "--label=c=d", "--label="])
        #expect(parsed.values("label") == ["a", "b", "c=d", ""])
    }

    @Test func everythingAfterTwoDashesIsAnOperand() throws {
        let parsed = try command.parse(["x", "--", "--json", "-"])
        #expect(parsed.operands == ["x", "--json", "-"])
        #expect(!parsed.has("json"))
    }

    @Test func aValueMayBeNegativeOrADash() throws {
        #expect(try command.parse(["--interval", "-1"]).value("interval") == "-1")
        #expect(try command.parse(["--config", "-"]).value("config") == "-")
    }

    @Test func refusesAnUnknownOptionAndSuggestsTheNearest() {
        #expect(throws: ArgumentError.unknownOption("--confg", suggestion: "--config")) {
            try command.parse(["--confg", "x"])
        }
        #expect(throws: ArgumentError.unknownOption("--int", suggestion: "--interval")) {
            try command.parse(["--int=3"])
        }
        #expect(throws: ArgumentError.unknownOption("--zzzz", suggestion: nil)) {
            try command.parse(["--zzzz"])
        }
        #expect(throws: ArgumentError.unknownOption("-x", suggestion: nil)) {
            try command.parse(["-jx"])
        }
    }

    @Test func saysWhatIsWrongInOneLine() {
        #expect(
            ArgumentError.unknownOption("--foo", suggestion: "--for").description
                == "unknown option --foo; did you mean --for?"
        )
        #expect(
            ArgumentError.missingValue(option: "--config", placeholder: "FILE").description
                == "option --config needs a value: --config FILE"
        )
    }

    @Test(arguments: [["--config"], ["--config", "--json"], ["-c"]])
    func refusesAnOptionWithoutItsValue(arguments: [String]) {
        #expect(throws: ArgumentError.self) { try command.parse(arguments) }
    }

    @Test func refusesAValueForAFlag() {
        #expect(throws: ArgumentError.unexpectedValue(option: "--json")) {
            try command.parse(["--json=yes"])
        }
    }

    @Test func refusesASingleValueTwice() {
        #expect(throws: ArgumentError.givenTwice(option: "--config")) {
            try command.parse(["-c", "a", "--config", "b"])
        }
    }

    @Test func refusesOperandsWhereNoneAreDeclared() {
        let plain = Command("p", summary: "x", options: [])
        #expect(throws: ArgumentError.unexpectedOperand("a")) { try plain.parse(["a"]) }
    }

    @Test func helpWinsOverErrors() throws {
        #expect(try command.parse(["--bogus", "--help"]).wantsHelp)
        #expect(throws: ArgumentError.self) { try command.parse(["--bogus", "--", "--help"]) }
        #expect(try command.parse(["--version"]).wantsVersion)
    }

    @Test func readsNumbersWithinTheirRange() throws {
        let parsed = try command.parse(["--interval", "5"])
        #expect(try parsed.integer("interval", in: 1...10) == 5)
        #expect(try parsed.number("interval", in: 0.5...10) == 5)
        #expect(try parsed.integer("label", in: 1...10) == nil)
        #expect(throws: ArgumentError.self) { try parsed.integer("interval", in: 6...10) }
        #expect(throws: ArgumentError.self) {
            try command.parse(["--interval", "5s"]).integer("interval", in: 1...10)
        }
        #expect(throws: ArgumentError.self) {
            try command.parse(["--interval", "nan"]).number("interval", in: 1...10)
        }
    }

    @Test func readsAWordOfAClosedSet() throws {
        let parsed = try command.parse(["--config", "always"])
        #expect(try parsed.choice("config", Colour.self) == .always)
        #expect(
            throws: ArgumentError.notOneOf(
                option: "--config",
                "x",
                allowed: ["never", "always"]
            )
        ) {
            try command.parse(["--config", "x"]).choice("config", Colour.self)
        }
    }

    @Test(arguments: [40, 60, 80, 200])
    func helpFitsItsWidthAndNamesEverything(width: Int) {
        let help = command.help(width: width)
        for line in help.split(separator: "\n") { #expect(line.count <= width) }
        for option in command.options { #expect(help.contains("--" + option.name)) }
        #expect(help.contains("probe --json"))
    }

    @Test func helpReadsLikeThis() {
        let small = Command(
            "p",
            summary: "Does it.",
            options: [Option("all", short: "a", .value("N"), help: "Take N")]
        )
        #expect(
            small.help()
                == """
                Usage: p [OPTION]…
                Does it.

                Options:
                  -a, --all N    Take N
                  -h, --help     Show this help and exit
                      --version  Show the version and exit

                """
        )
    }
}
