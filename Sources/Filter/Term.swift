/// One comparison of an expression: a field and what is asked of it.
struct Term: Sendable, Hashable, CustomStringConvertible {
    var field: Field
    var predicate: Predicate

    var description: String {
        switch predicate {
        case .compare(let comparison, let value): "\(field) \(comparison.rawValue) \(value)"
        case .oneOf(let values):
            "\(field) in (\(values.map(\.description).joined(separator: ", ")))"
        case .like(let glob): "\(field) like \(Lexer.quoted(glob.pattern))"
        case .exists: "exists \(field)"
        }
    }

    func truth(_ reader: some FieldReader, work: inout Int) -> Truth {
        field.isAny
            ? predicate.truth(ofAny: reader.values(of: field), work: &work)
            : predicate.truth(of: reader.value(of: field), work: &work)
    }
}

enum Comparison: String, Sendable, Hashable {
    case equal = "="
    case unequal = "!="
    case less = "<"
    case atMost = "<="
    case greater = ">"
    case atLeast = ">="

    func holds(_ order: Order) -> Bool {
        switch self {
        case .equal: order == .equal
        case .unequal: order != .equal
        case .less: order == .less
        case .atMost: order != .greater
        case .greater: order == .greater
        case .atLeast: order != .less
        }
    }
}

/// What is asked of a field's value.
enum Predicate: Sendable, Hashable {
    case compare(Comparison, Value)
    case oneOf([Value])
    case like(Glob)
    case exists

    /// How much of the limit of terms it takes.
    var weight: Int {
        if case .oneOf(let values) = self { return values.count }
        return 1
    }

    /// The answer for a field with one value or none; adds the steps of a pattern to `work`.
    func truth(of value: Value?, work: inout Int) -> Truth {
        if case .exists = self { return Truth(value != nil) }
        guard let value else { return .unknown }
        return truth(of: value, &work)
    }

    /// Yes when it is so of one value, unknown when it is known of none.
    func truth(ofAny values: [Value], work: inout Int) -> Truth {
        work &+= values.count
        if case .exists = self { return Truth(!values.isEmpty) }
        var truth = Truth.unknown
        for value in values {
            switch self.truth(of: value, &work) {
            case .yes: return .yes
            case .no: truth = .no
            case .unknown: continue
            }
        }
        return truth
    }

    private func truth(of value: Value, _ work: inout Int) -> Truth {
        switch self {
        case .exists: return .yes
        case .compare(let comparison, let other):
            return value.order(other).map { Truth(comparison.holds($0)) } ?? .unknown
        case .oneOf(let others):
            var truth = Truth.no
            for other in others where truth != .yes {
                truth = truth || (value.order(other).map { Truth($0 == .equal) } ?? .unknown)
            }
            return truth
        case .like(let glob):
            switch value {
            case .text(let text): return Truth(glob.matches(text, work: &work))
            case .level: return Truth(glob.matches(value.description, work: &work))
            // A number has no one text.
            case .number: return .unknown
            }
        }
    }
}
