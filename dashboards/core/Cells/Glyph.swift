import CUnistring

/// How many columns a character takes, by libunistring's tables.
enum Glyph {
    /// What is drawn for a scalar of a text.
    enum Kind {
        /// Takes columns of its own.
        case spacing(UInt8)
        /// Stacks on the character before.
        case mark
        /// Is not drawn: direction overrides, joiners and their like, which would let a name
        /// rearrange what stands beside it.
        case hidden
        /// A control character, drawn as `?`.
        case control
    }

    static func kind(of scalar: Unicode.Scalar) -> Kind {
        let value = scalar.value
        if value < 0x7F { return value < 0x20 ? .control : .spacing(1) }
        if value < 0xA0 { return .control }
        if value >= 0x2500, value < 0x2900, value != 0x2614, value != 0x2615 {
            return boxKind(value)
        }
        switch scalar.properties.generalCategory {
        case .control, .surrogate: return .control
        case .format, .lineSeparator, .paragraphSeparator: return .hidden
        case .nonspacingMark, .enclosingMark:
            // Variation selectors would change the width of what is before them.
            return (0xFE00...0xFE0F).contains(value) ? .hidden : .mark
        default: break
        }
        let width = uc_width(value, "UTF-8")
        return width > 0 ? .spacing(width > 1 ? 2 : 1) : width == 0 ? .mark : .control
    }

    /// Lines, blocks, arrows and braille, which make up our own graphs, without a table.
    private static func boxKind(_ value: UInt32) -> Kind {
        if value < 0x25FD || value >= 0x2800 { return .spacing(1) }
        let width = uc_width(value, "UTF-8")
        return .spacing(width > 1 ? 2 : 1)
    }

    /// The columns that a text takes.
    static func columns(of text: String) -> Int {
        var sum = 0
        for scalar in text.unicodeScalars {
            switch kind(of: scalar) {
            case .spacing(let width): sum += Int(width)
            case .control: sum += 1
            case .mark, .hidden: break
            }
        }
        return sum
    }
}
