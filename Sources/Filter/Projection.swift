/// The names of numbers that a subscriber wants to keep, separated by spaces: `user iowait`, or
/// `cpu.user` for those of one group only.
package struct Projection: Sendable, Hashable {
    package let names: Set<String>

    /// Reads the option's text.
    ///
    /// - Throws: what is wrong and in which column.
    package init(_ text: String, limits: FilterLimits = .standard) throws(FilterError) {
        try limits.checkLength(of: text)
        var names: Set<String> = []
        for word in Words(text) {
            names.insert(word.text)
            guard names.count <= limits.projectedNames else {
                throw FilterError(
                    column: word.column,
                    "more than \(limits.projectedNames) names"
                )
            }
        }
        guard !names.isEmpty else { throw FilterError(column: 1, "expected a name") }
        self.names = names
    }

    /// Whether the number `name` stays, in the payload's root or in an instance.
    package func keeps(_ name: String, group: String? = nil) -> Bool {
        if names.contains(name) { return true }
        guard let group else { return false }
        return names.contains("\(group).\(name)")
    }
}

/// The words of a text, with the columns where they begin.
struct Words: Sequence, IteratorProtocol {
    private let scalars: [Unicode.Scalar]
    private var place = 0

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    mutating func next() -> (text: String, column: Int)? {
        while place < scalars.count, scalars[place].properties.isWhitespace { place += 1 }
        let start = place
        var text = String.UnicodeScalarView()
        while place < scalars.count, !scalars[place].properties.isWhitespace {
            text.append(scalars[place])
            place += 1
        }
        return start < place ? (String(text), start + 1) : nil
    }
}
