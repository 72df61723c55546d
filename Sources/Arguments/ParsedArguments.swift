/// What a command line said.
package struct ParsedArguments: Sendable, Hashable {
    /// By long name, the values in order; a flag holds one empty value.
    var given: [String: [String]] = [:]
    /// The arguments that belong to no option.
    package internal(set) var operands: [String] = []

    init(given: [String: [String]] = [:]) {
        self.given = given
    }

    /// Whether `--help` was asked for: show it and exit with 0.
    package var wantsHelp: Bool { has("help") }

    /// Whether `--version` was asked for: show it and exit with 0.
    package var wantsVersion: Bool { has("version") }

    /// Whether the option is there.
    package func has(_ name: String) -> Bool { given[name] != nil }

    /// The option's value; nil when it was not given.
    package func value(_ name: String) -> String? { given[name]?.last }

    /// The values of an option that may be repeated.
    package func values(_ name: String) -> [String] { given[name] ?? [] }

    /// The option's value as a whole number within `range`.
    package func integer(
        _ name: String,
        in range: ClosedRange<Int>
    ) throws(ArgumentError) -> Int? {
        guard let text = value(name) else { return nil }
        guard let number = Int(text) else { throw .notANumber(option: "--" + name, text) }
        return try bounded(number, in: range, name, text)
    }

    /// The option's value as a number within `range`.
    package func number(
        _ name: String,
        in range: ClosedRange<Double>
    ) throws(ArgumentError) -> Double? {
        guard let text = value(name) else { return nil }
        guard let number = Double(text), number.isFinite else {
            throw .notANumber(option: "--" + name, text)
        }
        return try bounded(number, in: range, name, text)
    }

    private func bounded<Value: Comparable>(
        _ value: Value,
        in range: ClosedRange<Value>,
        _ name: String,
        _ text: String
    ) throws(ArgumentError) -> Value {
        guard range.contains(value) else {
            throw .outOfRange(
                option: "--" + name,
                text,
                allowed: "\(range.lowerBound)…\(range.upperBound)"
            )
        }
        return value
    }

    /// The option's value as one of a closed set of words.
    package func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        _ type: Choice.Type = Choice.self
    ) throws(ArgumentError) -> Choice? {
        guard let text = value(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw .notOneOf(
                option: "--" + name,
                text,
                allowed: Choice.allCases.map(\.rawValue)
            )
        }
        return choice
    }
}
