/// A piece of an expression's text.
enum Token: Sendable, Hashable {
    /// A keyword, a field's name, `GROUP.NAME` or a level.
    case word(String)
    /// `@name` or `/child`.
    case field(Field)
    /// `[…]`
    case instance(Field.Instance)
    case number(Double)
    case text(String)
    case comparison(Comparison)
    case open, close, comma, percent, semicolon
    case end

    /// The word in lower case, as keywords are compared; nil for what is no word.
    var keyword: String? {
        if case .word(let word) = self { return word.lowercased() }
        return nil
    }
}

extension Token: CustomStringConvertible {
    /// As an error names it.
    var description: String {
        switch self {
        case .word(let word): word
        case .field(let field): field.description
        case .instance(let instance): instance.description
        case .number(let number): Decimal.text(number)
        case .text: "the text"
        case .comparison(let comparison): comparison.rawValue
        case .open: "("
        case .close: ")"
        case .comma: ","
        case .percent: "%"
        case .semicolon: ";"
        case .end: "the end"
        }
    }
}

/// A token and the column where it begins.
struct Lexeme: Sendable, Hashable {
    var token: Token
    var column: Int
}
