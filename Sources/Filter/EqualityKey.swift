/// What a value is looked up by among the values that filters ask for with `=`.
///
/// Values that are equal have the same key. Not the other way round: the texts `90` and `90.0`
/// are both found by the number, so a text that reads as a number is compared again.
enum EqualityKey: Sendable, Hashable {
    case number(Double)
    case text(String)
    case level(Int)

    /// Nil where nothing can be equal to the value.
    init?(_ value: Value, of field: Field) {
        switch value {
        case .level(let rank):
            guard Value.levels.indices.contains(rank) else { return nil }
            // Elsewhere a level can only be equal to a text that names it.
            self = field == .level ? .level(rank) : .text(value.description)
        case .text(let text):
            guard field != .level else {
                guard let rank = Value.rank(of: text) else { return nil }
                self = .level(rank)
                return
            }
            self = Decimal.parse(text).map { .number($0) } ?? .text(text)
        case .number(let number):
            guard field != .level, !number.isNaN else { return nil }
            self = .number(number)
        }
    }

    /// Whether a value with the key of what the filter names may still differ from it.
    static func needsComparison(_ value: Value) -> Bool {
        guard case .text(let text) = value else { return false }
        // `String` also takes canonically equivalent texts for the same key.
        return Decimal.parse(text) != nil || !text.utf8.allSatisfy { $0 < 0x80 }
    }
}
