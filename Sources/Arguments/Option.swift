/// One option that a program understands.
package struct Option: Sendable, Hashable {
    /// The long name, without its dashes.
    package var name: String
    /// The letter of the short form.
    package var short: Character?
    package var kind: Kind
    /// What it does, in a sentence without a period.
    package var help: String

    /// What may follow an option.
    package enum Kind: Sendable, Hashable {
        case flag
        /// One value, called by this placeholder in the help.
        case value(String)
        /// A value, any number of times.
        case repeated(String)
    }

    package init(_ name: String, short: Character? = nil, _ kind: Kind = .flag, help: String) {
        self.name = name
        self.short = short
        self.kind = kind
        self.help = help
    }

    /// The placeholder of the value; nil for a flag.
    var placeholder: String? {
        switch kind {
        case .flag: nil
        case .value(let placeholder), .repeated(let placeholder): placeholder
        }
    }

    static let help = Option("help", short: "h", help: "Show this help and exit")
    static let version = Option("version", help: "Show the version and exit")
}
