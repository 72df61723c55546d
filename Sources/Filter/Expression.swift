/// What a subscriber wants of a node's items: `level >= warning and cpu.user > 90`.
///
/// `or` binds least, then `and`, then `not`, then a comparison or `( … )`. Keywords may be in any
/// case, space is free.
/// ```
/// FIELD = VALUE   also != < <= > >=
/// FIELD like "glob"       FIELD in ("a", "b", 3)       exists FIELD
/// ```
/// A value is a text in double quotes (`\"` and `\\` within), a number, or for `level` the name
/// of one. ``Field`` lists the fields. Two expressions are equal when they differ in space,
/// case of keywords and needless parentheses only.
package struct Expression: Sendable, Hashable {
    let condition: Condition<Term>

    /// Reads an expression.
    ///
    /// - Throws: what is wrong and in which column.
    package init(_ text: String, limits: FilterLimits = .standard) throws(FilterError) {
        condition = try ExpressionParser.parse(text, limits)
    }

    /// Whether the item matches: only when this is ``Truth/yes``.
    package func evaluate(_ reader: some FieldReader) -> Truth {
        var work = 0
        return condition.truth { $0.truth(reader, work: &work) }
    }

    /// Every field that the expression reads, in the order in which they stand in it.
    package var fields: [Field] {
        var seen: Set<Field> = []
        return condition.tests.map(\.field).filter { seen.insert($0).inserted }
    }

    /// How many comparisons it has, each value in the list of an `in` as one.
    package var termCount: Int {
        condition.tests.reduce(0) { $0 + $1.predicate.weight }
    }

    /// Each comparison and what became of it, for who asks why an item does not match.
    package func explain(_ reader: some FieldReader) -> [(term: String, truth: Truth)] {
        var work = 0
        return condition.tests.map { ($0.description, $0.truth(reader, work: &work)) }
    }
}

extension Expression: CustomStringConvertible {
    /// The expression in one form; it reads as an equal one, though it may be longer than what
    /// was written.
    package var description: String { condition.description }
}
