/// How the index finds an expression: by the values that it asks for, and by one threshold.
struct AccessPlan {
    /// The fields that must equal one of some values, in the order in which they stand.
    private(set) var equalities: [(field: Field, keys: [EqualityKey])] = []
    /// The first threshold on a number or level.
    private(set) var threshold: Threshold?
    /// What else must be true: decided for those that are found.
    private(set) var rest: Condition<Term>?

    struct Threshold: Sendable {
        var field: Field
        var isFalling: Bool
        /// In the direction: negated when the filter wants less.
        var value: Double
        var isStrict: Bool
    }

    /// Places in the index that one expression may take: the product of its `in` lists.
    private static let placesMaximum = 16

    /// Whether the expression has nothing to find it by.
    var isScan: Bool { equalities.isEmpty && threshold == nil }

    init(_ expression: Expression) {
        let parts: [Condition<Term>] =
            if case .all(let parts) = expression.condition { parts } else { [expression.condition] }
        rest = .conjunction(parts.filter { !take($0) })
    }

    /// Whether finding the expression decides this part of it.
    private mutating func take(_ part: Condition<Term>) -> Bool {
        guard case .test(let term) = part else { return false }
        switch term.predicate {
        case .compare(.equal, let value): return take(term.field, oneOf: [value])
        case .oneOf(let values): return take(term.field, oneOf: values)
        case .compare(let comparison, let value): return take(term.field, comparison, value)
        case .like, .exists: return false
        }
    }

    private mutating func take(_ field: Field, oneOf values: [Value]) -> Bool {
        // One of several values of a field may be equal: no single place to look.
        guard !field.isAny, !equalities.contains(where: { $0.field == field }) else { return false }
        var keys: [EqualityKey] = []
        for value in values {
            guard let key = EqualityKey(value, of: field) else { return false }
            if !keys.contains(key) { keys.append(key) }
        }
        let places = equalities.reduce(keys.count) { $0 * $1.keys.count }
        guard places <= Self.placesMaximum else { return false }
        equalities.append((field, keys))
        return !values.contains(where: EqualityKey.needsComparison)
    }

    private mutating func take(_ field: Field, _ comparison: Comparison, _ value: Value) -> Bool {
        guard threshold == nil, let bound = value.measure(of: field, isBound: true) else {
            return false
        }
        switch comparison {
        case .equal, .unequal: return false
        case .greater, .atLeast:
            threshold = Threshold(
                field: field,
                isFalling: false,
                value: bound,
                isStrict: comparison == .greater
            )
        case .less, .atMost:
            threshold = Threshold(
                field: field,
                isFalling: true,
                value: -bound,
                isStrict: comparison == .less
            )
        }
        return true
    }
}

extension Value {
    /// The number by which a value of the field is held against thresholds.
    ///
    /// Nil where no threshold that is a bound can be known to hold. A bound that is a text is
    /// none: texts are compared with it as texts.
    func measure(of field: Field, isBound: Bool) -> Double? {
        switch self {
        case .number(let number): field == .level || number.isNaN ? nil : number
        case .level(let rank): field == .level ? Double(rank) : nil
        case .text(let text):
            if isBound {
                nil
            } else if field == .level {
                Value.rank(of: text).map(Double.init)
            } else {
                Decimal.parse(text)
            }
        }
    }
}

extension Expression {
    /// How many of its comparisons an index decides one by one at every item: 0 where it finds
    /// the expression by a value or a threshold.
    package var scannedTermCount: Int {
        AccessPlan(self).isScan ? termCount : 0
    }
}
