/// Cuts the text of an expression, or of a deadband, into tokens.
struct Lexer {
    private let scalars: [Unicode.Scalar]
    private var place = 0

    /// The tokens of a text that has passed ``FilterLimits/checkLength(of:)``; the last is `end`.
    static func lexemes(of text: String) throws(FilterError) -> [Lexeme] {
        var lexer = Lexer(scalars: Array(text.unicodeScalars))
        var lexemes: [Lexeme] = []
        while true {
            lexer.skipSpace()
            let column = lexer.column
            let token = try lexer.token()
            lexemes.append(Lexeme(token: token, column: column))
            if token == .end { return lexemes }
        }
    }

    private init(scalars: [Unicode.Scalar]) {
        self.scalars = scalars
    }

    private var column: Int { place + 1 }
    private var current: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }
    private var following: Unicode.Scalar? {
        place + 1 < scalars.count ? scalars[place + 1] : nil
    }

    private mutating func skipSpace() {
        while let scalar = current, scalar.properties.isWhitespace { place += 1 }
    }

    private mutating func token() throws(FilterError) -> Token {
        guard let scalar = current else { return .end }
        if Self.isNameStart(scalar) { return .word(take { Self.isNamePart($0) }) }
        switch scalar {
        case "\"": return .text(try text())
        case "@": return .field(try attribute())
        case "/": return .field(try child())
        case "[": return .instance(try instance())
        case "0"..."9", "+", "-", ".": return try number()
        case "=", "<", ">", "!": return .comparison(try comparison())
        case "(", ")", ",", "%", ";":
            place += 1
            return Self.marks[scalar] ?? .end
        default: throw unexpected(scalar)
        }
    }

    private static let marks: [Unicode.Scalar: Token] = [
        "(": .open, ")": .close, ",": .comma, "%": .percent, ";": .semicolon,
    ]

    private mutating func take(while belongs: (Unicode.Scalar) -> Bool) -> String {
        let start = place
        while let scalar = current, belongs(scalar) { place += 1 }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[start..<place])
        return String(text)
    }

    /// What stands between two quotation marks.
    private mutating func text() throws(FilterError) -> String {
        let start = column
        place += 1
        var text = String.UnicodeScalarView()
        while let scalar = current {
            place += 1
            if scalar == "\"" { return String(text) }
            guard scalar == "\\" else {
                text.append(scalar)
                continue
            }
            guard let escaped = current, escaped == "\"" || escaped == "\\" else {
                throw FilterError(column: place, #"after a backslash comes " or another one"#)
            }
            text.append(escaped)
            place += 1
        }
        throw FilterError(column: start, "the text that begins here has no closing quote")
    }

    private mutating func attribute() throws(FilterError) -> Field {
        place += 1
        return .attribute(try name("an attribute's name after @"))
    }

    private mutating func child() throws(FilterError) -> Field {
        var path: [String] = []
        while current == "/" {
            guard path.count < Self.pathNames else {
                throw FilterError(column: column, "a path has at most \(Self.pathNames) names")
            }
            place += 1
            path.append(try name("an element's name after /"))
        }
        return .child(path)
    }

    /// Names of a path: payloads that are worth filtering are not deep, and each level is a search.
    private static let pathNames = 2

    /// An XML name, with its prefix where it has one.
    private mutating func name(_ what: String) throws(FilterError) -> String {
        guard let scalar = current, Self.isNameStart(scalar) else {
            throw FilterError(column: column, "expected \(what)")
        }
        return take { Self.isNamePart($0) || $0 == ":" }
    }

    private mutating func instance() throws(FilterError) -> Field.Instance {
        place += 1
        skipSpace()
        let start = column
        let instance: Field.Instance
        switch current {
        case "*":
            place += 1
            instance = .any
        case "\"": instance = .one(try text())
        default: instance = .one(take { Self.isInstancePart($0) })
        }
        if case .one("") = instance {
            throw FilterError(column: start, "expected an instance or * after [")
        }
        skipSpace()
        guard current == "]" else {
            throw FilterError(column: column, "expected ] after the instance")
        }
        place += 1
        return instance
    }

    private mutating func number() throws(FilterError) -> Token {
        let start = column
        // Letters too, so that `5GB` is one mistake rather than a number and a word.
        let text = take { "+-.".unicodeScalars.contains($0) || Self.isNamePart($0) }
        guard let number = Decimal.parse(text) else {
            throw FilterError(column: start, "this is not a number, or too large for one")
        }
        return .number(number)
    }

    private mutating func comparison() throws(FilterError) -> Comparison {
        let start = column
        let symbols = take { "=<>!".unicodeScalars.contains($0) }
        if let comparison = Comparison(rawValue: symbols) { return comparison }
        let advice =
            switch symbols {
            case "==": "write = once"
            case "<>": "write != instead of <>"
            case "!": "write not instead of !"
            default: "expected one of = != < <= > >="
            }
        throw FilterError(column: start, advice)
    }

    private func unexpected(_ scalar: Unicode.Scalar) -> FilterError {
        let advice =
            switch scalar {
            case "'": "text is written in double quotes"
            case "&": "write and instead of &"
            case "|": "write or instead of |"
            default: "unexpected \(Self.visible(scalar))"
            }
        return FilterError(column: column, advice)
    }

    /// The character, or its number where it would not be seen.
    private static func visible(_ scalar: Unicode.Scalar) -> String {
        if scalar.isASCII, scalar.value > 0x20, scalar.value < 0x7F { return String(scalar) }
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension Lexer {
    /// A text between quotation marks, as ``lexemes(of:)`` reads it.
    static func quoted(_ text: String) -> String {
        var quoted = String.UnicodeScalarView("\"".unicodeScalars)
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted.append("\\") }
            quoted.append(scalar)
        }
        quoted.append("\"")
        return String(quoted)
    }

    /// Whether an instance's name needs no quotation marks.
    static func isBareInstance(_ name: String) -> Bool {
        !name.isEmpty && name.unicodeScalars.allSatisfy { isInstancePart($0) }
    }

    /// Whether a metric's name needs no quotation marks after the dot.
    static func isBareName(_ name: String) -> Bool {
        !name.isEmpty && name.unicodeScalars.allSatisfy { isNamePart($0) }
    }

    private static func isNameStart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isXIDStart
    }

    private static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "-" || scalar == "." || scalar == "_" || scalar.properties.isXIDContinue
    }

    private static func isInstancePart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "/" || scalar == ":" || isNamePart(scalar)
    }
}
