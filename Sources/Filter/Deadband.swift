/// How far a number may move before a subscriber is told: `cpu.user 2` or `cpu.user 1%`, several
/// separated by `;`.
package struct Deadband: Sendable, Hashable {
    /// One for each field, at least one.
    package let rules: [DeadbandRule]

    /// Reads the option's text.
    ///
    /// - Throws: what is wrong and in which column.
    package init(_ text: String, limits: FilterLimits = .standard) throws(FilterError) {
        var tokens = try TokenReader(text, limits)
        var rules: [DeadbandRule] = []
        repeat {
            guard rules.count < limits.deadbands else {
                throw tokens.error("more than \(limits.deadbands) bands")
            }
            let column = tokens.column
            let rule = try DeadbandRule(&tokens)
            guard !rules.contains(where: { $0.field == rule.field }) else {
                throw FilterError(column: column, "\(rule.field) has a band already")
            }
            rules.append(rule)
            // The last one may have a semicolon behind it too.
        } while tokens.take(.semicolon) && tokens.current != .end
        guard tokens.current == .end else { throw tokens.expected("; or the end") }
        self.rules = rules
    }

    /// The rule for a field; nil for one whose every move is told.
    package subscript(_ field: Field) -> DeadbandRule? {
        rules.first { $0.field == field }
    }
}

extension Deadband: CustomStringConvertible {
    package var description: String { rules.map(\.description).joined(separator: "; ") }
}

/// The band of one number.
package struct DeadbandRule: Sendable, Hashable {
    /// A number of a group's node (`[*]` stands for each instance by itself), an attribute or a
    /// child of the payload's root.
    package let field: Field
    package let band: Band

    package enum Band: Sendable, Hashable {
        /// In the unit of the number.
        case absolute(Double)
        /// In percent of the number's range.
        case percent(Double)
    }

    /// The band in the unit of the number; nil for a percentage of a range that is not known.
    package func width(range: Double?) -> Double? {
        switch band {
        case .absolute(let width): width
        case .percent(let percent): range.map { $0.magnitude * percent / 100 }
        }
    }

    fileprivate init(_ tokens: inout TokenReader) throws(FilterError) {
        let column = tokens.column
        field = try tokens.field()
        switch field {
        case .metric, .attribute, .child: break
        case .host, .node, .group, .level, .item:
            throw FilterError(column: column, "\(field) is not a number")
        }
        guard case .number(let number) = tokens.current else {
            throw tokens.expected("a number")
        }
        guard number >= 0 else { throw tokens.error("a band is not negative") }
        let start = tokens.column
        tokens.advance()
        guard tokens.take(.percent) else {
            band = .absolute(number)
            return
        }
        guard number <= 100 else { throw FilterError(column: start, "a band is at most 100%") }
        band = .percent(number)
    }
}

extension DeadbandRule: CustomStringConvertible {
    package var description: String {
        switch band {
        case .absolute(let width): "\(field) \(Decimal.text(width))"
        case .percent(let percent): "\(field) \(Decimal.text(percent))%"
        }
    }
}
