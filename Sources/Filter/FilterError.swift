/// What is wrong with the text of a filter or of another option of a subscription, and where.
package struct FilterError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Counted from 1, in characters as XML counts them: code points.
    package var column: Int
    /// What is wrong, and where it helps what to write instead.
    package var message: String

    package init(column: Int, _ message: String) {
        self.column = column
        self.message = message
    }

    /// One line for the one who wrote it: `column 17: expected a value after >=`.
    package var description: String { "column \(column): \(message)" }
}
