/// A program's command line, declared: its options, its help text and how arguments are read.
package struct Command: Sendable {
    /// The program as it is called.
    package var name: String
    /// What it is for, in a sentence.
    package var summary: String
    /// The options; `--help` and `--version` are added.
    package var options: [Option]
    /// What stands after the options in the usage line; nil when nothing may.
    package var operands: String?
    package var examples: [Example]

    /// A command line that works, and what it does.
    package struct Example: Sendable, Hashable {
        package var line: String
        package var meaning: String

        package init(_ line: String, _ meaning: String) {
            self.line = line
            self.meaning = meaning
        }
    }

    package init(
        _ name: String,
        summary: String,
        options: [Option],
        operands: String? = nil,
        examples: [Example] = []
    ) {
        self.name = name
        self.summary = summary
        self.options = options + [.help, .version]
        self.operands = operands
        self.examples = examples
    }

    /// Reads the arguments after the program's name.
    ///
    /// `--help` wins over whatever else is wrong with the line.
    package func parse(_ arguments: [String]) throws(ArgumentError) -> ParsedArguments {
        let options = arguments.prefix { $0 != "--" }
        if options.contains("--help") || options.contains("-h") {
            return ParsedArguments(given: ["help": [""]])
        }
        var parsed = ParsedArguments()
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                for operand in rest { try add(operand, to: &parsed) }
                break
            } else if argument.hasPrefix("--") {
                try readLong(argument, &rest, &parsed)
            } else if argument.hasPrefix("-"), argument != "-" {
                try readShort(argument, &rest, &parsed)
            } else {
                try add(argument, to: &parsed)
            }
        }
        return parsed
    }

    private func add(
        _ operand: String,
        to parsed: inout ParsedArguments
    ) throws(ArgumentError) {
        guard operands != nil else { throw .unexpectedOperand(operand) }
        parsed.operands.append(operand)
    }

    /// `--name`, `--name value` or `--name=value`.
    private func readLong(
        _ argument: String,
        _ rest: inout ArraySlice<String>,
        _ parsed: inout ParsedArguments
    ) throws(ArgumentError) {
        let body = argument.dropFirst(2)
        let equals = body.firstIndex(of: "=")
        let name = equals.map { String(body[..<$0]) } ?? String(body)
        let attached = equals.map { String(body[body.index(after: $0)...]) }
        guard let option = options.first(where: { $0.name == name }) else {
            throw .unknownOption("--" + name, suggestion: suggestion(for: name))
        }
        try take(option, as: "--" + name, attached, &rest, &parsed)
    }

    /// `-f`, several flags as in `-abc`, `-o value` or `-ovalue`.
    private func readShort(
        _ argument: String,
        _ rest: inout ArraySlice<String>,
        _ parsed: inout ParsedArguments
    ) throws(ArgumentError) {
        var letters = argument.dropFirst()
        while let letter = letters.popFirst() {
            guard let option = options.first(where: { $0.short == letter }) else {
                throw .unknownOption("-" + String(letter), suggestion: nil)
            }
            var attached: String?
            if option.placeholder != nil, !letters.isEmpty {
                attached = String(letters)
                letters = ""
            }
            try take(option, as: "-" + String(letter), attached, &rest, &parsed)
        }
    }

    private func take(
        _ option: Option,
        as spelling: String,
        _ attached: String?,
        _ rest: inout ArraySlice<String>,
        _ parsed: inout ParsedArguments
    ) throws(ArgumentError) {
        guard let placeholder = option.placeholder else {
            guard attached == nil else { throw .unexpectedValue(option: spelling) }
            parsed.given[option.name] = [""]
            return
        }
        if case .value = option.kind, parsed.given[option.name] != nil {
            throw .givenTwice(option: spelling)
        }
        guard let value = attached ?? Self.nextValue(&rest) else {
            throw .missingValue(option: spelling, placeholder: placeholder)
        }
        parsed.given[option.name, default: []].append(value)
    }

    /// The next argument unless it is an option itself; negative numbers and `-` are values.
    private static func nextValue(_ rest: inout ArraySlice<String>) -> String? {
        guard let next = rest.first else { return nil }
        if next.hasPrefix("-"), next != "-", Double(next) == nil { return nil }
        return rest.popFirst()
    }
}
