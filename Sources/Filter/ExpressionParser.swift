/// Reads an expression by recursive descent, one function a level of precedence.
struct ExpressionParser {
    private var tokens: TokenReader
    private let limits: FilterLimits
    private var depth = 0
    private var terms = 0

    static func parse(_ text: String, _ limits: FilterLimits) throws(FilterError) -> Condition<Term>
    {
        var parser = ExpressionParser(tokens: try TokenReader(text, limits), limits: limits)
        let condition = try parser.disjunction()
        guard parser.tokens.current == .end else {
            throw parser.tokens.expected("and, or or the end")
        }
        return condition
    }

    private init(tokens: TokenReader, limits: FilterLimits) {
        self.tokens = tokens
        self.limits = limits
    }

    private mutating func disjunction() throws(FilterError) -> Condition<Term> {
        let first = try conjunction()
        var conditions = [first]
        while tokens.take(keyword: "or") { conditions.append(try conjunction()) }
        return .disjunction(conditions) ?? first
    }

    private mutating func conjunction() throws(FilterError) -> Condition<Term> {
        let first = try negation()
        var conditions = [first]
        while tokens.take(keyword: "and") { conditions.append(try negation()) }
        return .conjunction(conditions) ?? first
    }

    private mutating func negation() throws(FilterError) -> Condition<Term> {
        let column = tokens.column
        if tokens.take(keyword: "not") {
            try enter(at: column)
            let condition = try negation()
            depth -= 1
            return .not(condition)
        }
        if tokens.take(.open) {
            try enter(at: column)
            let condition = try disjunction()
            guard tokens.take(.close) else { throw tokens.expected("and, or or )") }
            depth -= 1
            return condition
        }
        return .test(try term())
    }

    private mutating func enter(at column: Int) throws(FilterError) {
        depth += 1
        guard depth <= limits.depth else {
            throw FilterError(column: column, "more than \(limits.depth) levels of ( and not")
        }
    }

    private mutating func term() throws(FilterError) -> Term {
        let column = tokens.column
        if tokens.take(keyword: "exists") {
            let term = Term(field: try tokens.field(), predicate: .exists)
            try count(1, at: column)
            return term
        }
        let field = try tokens.field()
        let predicate = try predicate(on: field)
        try count(predicate.weight, at: column)
        return Term(field: field, predicate: predicate)
    }

    private mutating func count(_ weight: Int, at column: Int) throws(FilterError) {
        terms += weight
        guard terms <= limits.terms else {
            throw FilterError(column: column, "more than \(limits.terms) comparisons")
        }
    }

    private mutating func predicate(on field: Field) throws(FilterError) -> Predicate {
        if case .comparison(let comparison) = tokens.current {
            tokens.advance()
            return .compare(comparison, try value(for: field))
        }
        if tokens.take(keyword: "in") { return .oneOf(try list(for: field)) }
        if tokens.current.keyword == "like" {
            guard field != .level else { throw tokens.expected("= != < <= > >= or in") }
            tokens.advance()
            return .like(try glob())
        }
        if tokens.current.keyword == "not" {
            throw FilterError(column: tokens.column, "write not before the field")
        }
        throw tokens.expected("= != < <= > >=, like or in")
    }

    private mutating func list(for field: Field) throws(FilterError) -> [Value] {
        guard tokens.take(.open) else { throw tokens.expected("(") }
        var values = [try value(for: field)]
        while tokens.take(.comma) { values.append(try value(for: field)) }
        guard tokens.take(.close) else { throw tokens.expected(", or )") }
        return values
    }

    private mutating func glob() throws(FilterError) -> Glob {
        guard case .text(let pattern) = tokens.current else {
            throw tokens.expected("a pattern in double quotes")
        }
        guard pattern.unicodeScalars.count <= limits.patternCharacters else {
            throw tokens.error("a pattern has at most \(limits.patternCharacters) characters")
        }
        guard let glob = Glob(pattern) else {
            throw tokens.error("the pattern ends in a backslash that escapes nothing")
        }
        tokens.advance()
        return glob
    }

    private mutating func value(for field: Field) throws(FilterError) -> Value {
        let value: Value? =
            switch tokens.current {
            case .text(let text): field == .level ? .level(named: text) : .text(text)
            case .word(let word): field == .level ? .level(named: word.lowercased()) : nil
            case .number(let number): field == .level ? nil : .number(number)
            case .field, .instance, .comparison, .open, .close, .comma, .percent, .semicolon, .end:
                nil
            }
        guard let value else { throw wrongValue(for: field) }
        tokens.advance()
        return value
    }

    private func wrongValue(for field: Field) -> FilterError {
        if field == .level {
            return tokens.expected("a level (ok, unknown, info, warning or critical)")
        }
        if case .word = tokens.current {
            return tokens.expected("a value: text in double quotes or a number")
        }
        return tokens.expected("a value")
    }
}
