/// How large the options of one subscription may be.
///
/// A filter is kept in memory for as long as the subscription lives, and what the index can't
/// hold is evaluated at each publish: both are other people's memory and time.
package struct FilterLimits: Sendable, Hashable {
    /// UTF-8 bytes of an expression, or of any other option's text: several lines of a form, and
    /// no room to store things in.
    package var bytes = 1024
    /// Levels of parentheses and `not` inside each other: the parser and the evaluation recurse
    /// as deep.
    package var depth = 16
    /// Comparisons in an expression, which bounds what one evaluation costs.
    ///
    /// Each value in the list of an `in` counts as one.
    package var terms = 64
    /// Characters of the pattern of a `like`: a match may take the text's length times this.
    package var patternCharacters = 128
    /// Numbers that have a band of their own in one `deadband`: each keeps its last value for
    /// each item.
    package var deadbands = 32
    /// Periods of one `quiet`: more than a day has good reasons for.
    package var quietPeriods = 8
    /// Names of one `project`.
    package var projectedNames = 64

    package static let standard = FilterLimits()

    package init() {}
}

extension FilterLimits {
    /// Refuses a text that is longer than ``bytes``, at the first character that is too much.
    func checkLength(of text: String) throws(FilterError) {
        guard text.utf8.count > bytes else { return }
        var length = 0
        var column = 1
        for scalar in text.unicodeScalars {
            length += UTF8.width(scalar)
            if length > bytes { break }
            column += 1
        }
        throw FilterError(column: column, "the text is longer than \(bytes) bytes")
    }
}
