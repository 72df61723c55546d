/// One place on the screen: a character, what is stacked on it, and how it looks.
///
/// A wide character takes two cells: its own with width 2, and one of width 0 to its right.
package struct Cell: Sendable, Hashable {
    package var scalar: Unicode.Scalar
    /// Combining marks above or below the character; 0 where there is none.
    package var marks: Marks
    /// Columns taken: 1 or 2, or 0 for the right half of a wide character.
    package var width: UInt8
    package var style: Style

    package init(_ scalar: Unicode.Scalar, width: UInt8 = 1, style: Style = .plain) {
        self.scalar = scalar
        self.width = width
        self.style = style
        marks = Marks()
    }

    /// An empty place.
    package static let blank = Cell(" ")

    /// Up to two marks on one character: more is how text is made to cover its neighbours.
    package struct Marks: Sendable, Hashable {
        package var first: UInt32 = 0
        package var second: UInt32 = 0

        /// Stacks one more; what does not fit is left out.
        mutating func add(_ mark: Unicode.Scalar) {
            if first == 0 {
                first = mark.value
            } else if second == 0 {
                second = mark.value
            }
        }
    }

    /// The character with its marks; nothing for the right half of a wide one.
    package var text: String {
        guard width > 0 else { return "" }
        var result = String(Character(scalar))
        for mark in [marks.first, marks.second] where mark != 0 {
            Unicode.Scalar(mark).map { result.unicodeScalars.append($0) }
        }
        return result
    }
}

/// How a cell looks, in terms of meaning: the palette knows the colours.
package struct Style: Sendable, Hashable {
    package var ink: Ink
    package var isBold = false
    package var isReversed = false
    package var isUnderlined = false

    package init(
        _ ink: Ink,
        bold: Bool = false,
        reversed: Bool = false,
        underlined: Bool = false
    ) {
        self.ink = ink
        isBold = bold
        isReversed = reversed
        isUnderlined = underlined
    }

    package static let plain = Style(.text)
    package static let faint = Style(.faint)
    package static let title = Style(.title, bold: true)
}

/// What a colour is for.
package enum Ink: UInt8, Sendable, Hashable, CaseIterable {
    case text, faint, title, key
    case ok, unknown, info, warning, critical
    case processor, memory, network, disk, pressure
}
