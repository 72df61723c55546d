/// The tokens of a text, one after the other, and the errors that point at them.
struct TokenReader {
    private let lexemes: [Lexeme]
    private var place = 0

    init(_ text: String, _ limits: FilterLimits) throws(FilterError) {
        try limits.checkLength(of: text)
        lexemes = try Lexer.lexemes(of: text)
    }

    /// The token that is to be read; `end` for ever when all have been.
    var current: Token { lexeme.token }
    var column: Int { lexeme.column }

    private var lexeme: Lexeme {
        place < lexemes.count ? lexemes[place] : lexemes.last ?? Lexeme(token: .end, column: 1)
    }

    mutating func advance() {
        place += 1
    }

    /// Goes past the token if it is the one that is to be read.
    mutating func take(_ token: Token) -> Bool {
        guard current == token else { return false }
        advance()
        return true
    }

    /// Goes past a keyword, in any case.
    mutating func take(keyword: String) -> Bool {
        guard current.keyword == keyword else { return false }
        advance()
        return true
    }

    /// An error at the token that is to be read.
    func error(_ message: String) -> FilterError {
        FilterError(column: column, message)
    }

    /// Says what should stand here, and after what.
    func expected(_ what: String) -> FilterError {
        guard place > 0, place <= lexemes.count else { return error("expected \(what)") }
        return error("expected \(what) after \(lexemes[place - 1].token)")
    }

    /// Reads a field.
    mutating func field() throws(FilterError) -> Field {
        switch current {
        case .field(let field):
            advance()
            return field
        case .word(let word):
            let field = try named(word)
            guard case .instance(let instance) = current else { return field }
            guard case .metric(let group, let name, _) = field else {
                throw error("\(field) has no instances")
            }
            advance()
            return .metric(group: group, name: name, instance: instance)
        case .instance, .number, .text, .comparison, .open, .close, .comma, .percent, .semicolon,
            .end:
            throw expected("a field")
        }
    }

    /// The field that a word names, gone past; the first dot is what parts group and name.
    private mutating func named(_ word: String) throws(FilterError) -> Field {
        if let field = Self.plain[word] {
            advance()
            return field
        }
        let parts = word.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            if Self.keywords.contains(word.lowercased()) { throw expected("a field") }
            throw error("there is no field \(word): host, node, group, level, item, GROUP.NAME")
        }
        advance()
        var name = String(parts[1])
        if name.isEmpty {
            guard case .text(let quoted) = current, !quoted.isEmpty else {
                throw expected("a name")
            }
            advance()
            name = quoted
        }
        return .metric(group: String(parts[0]), name: name, instance: .none)
    }

    private static let plain: [String: Field] = [
        "host": .host, "node": .node, "group": .group, "level": .level, "item": .item,
    ]
    private static let keywords: Set = ["and", "or", "not", "in", "like", "exists"]
}
