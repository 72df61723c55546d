/// What a field holds, or what an expression compares it with.
package enum Value: Sendable {
    case number(Double)
    case text(String)
    /// A level by its rank, 0 for `ok` to 4 for `critical`.
    case level(Int)

    /// The levels in their order; `unknown` is worse than `ok`, better than `info`.
    package static let levels = ["ok", "unknown", "info", "warning", "critical"]

    /// The level of that name; nil for any other text.
    package static func level(named name: some StringProtocol) -> Value? {
        rank(of: name).map { .level($0) }
    }

    /// The rank of a level's name; nil for any other text.
    static func rank(of name: some StringProtocol) -> Int? {
        levels.firstIndex { $0 == name }
    }
}

/// Gives a filter what it asks of one item.
package protocol FieldReader {
    /// The value of a field that is not ``Field/isAny``; nil where the item has none.
    func value(of field: Field) -> Value?

    /// The values of a field that is ``Field/isAny``, one for each instance that has it.
    func values(of field: Field) -> [Value]
}

/// How a value stands to another.
enum Order: Sendable, Hashable {
    case less, equal, greater
}

extension Value {
    /// How this value of an item stands to what the expression names.
    ///
    /// Nil where the two can't be compared, which makes the comparison unknown. Number and text
    /// compare as numbers if the text is one. Texts compare by code points, which is the order of
    /// their bytes in UTF-8.
    func order(_ other: Value) -> Order? {
        switch (self, other) {
        case (.number(let left), .number(let right)): Self.order(left, right)
        case (.number(let left), .text(let right)):
            Decimal.parse(right).flatMap { Self.order(left, $0) }
        case (.text(let left), .number(let right)):
            Decimal.parse(left).flatMap { Self.order($0, right) }
        case (.text(let left), .text(let right)): Self.textOrder(left, right)
        case (.level(let left), .level(let right)): Self.order(left, right)
        case (.level(let left), .text(let right)):
            Self.rank(of: right).flatMap { Self.order(left, $0) }
        case (.text(let left), .level(let right)):
            Self.rank(of: left).flatMap { Self.order($0, right) }
        case (.number, .level), (.level, .number): nil
        }
    }

    private static func order<Number: Comparable>(_ left: Number, _ right: Number) -> Order? {
        if left < right { return .less }
        if left > right { return .greater }
        // What is not a number is neither.
        return left == right ? .equal : nil
    }

    private static func textOrder(_ left: String, _ right: String) -> Order {
        if left.isExactly(right) { return .equal }
        return left.utf8.lexicographicallyPrecedes(right.utf8) ? .less : .greater
    }
}

extension Value: Hashable {
    package static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.number(let number), .number(let other)): number == other
        case (.text(let text), .text(let other)): text.isExactly(other)
        case (.level(let rank), .level(let other)): rank == other
        case (.number, _), (.text, _), (.level, _): false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .number(let number): hasher.combine(number)
        case .text(let text): hasher.combine(text)
        case .level(let rank): hasher.combine(rank)
        }
    }
}

extension Value: CustomStringConvertible {
    /// As an expression writes it.
    package var description: String {
        switch self {
        case .number(let number): Decimal.text(number)
        case .text(let text): Lexer.quoted(text)
        case .level(let rank): Self.levels.indices.contains(rank) ? Self.levels[rank] : "unknown"
        }
    }
}
