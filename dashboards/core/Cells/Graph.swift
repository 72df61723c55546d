/// The characters that graphs are drawn with.
package enum GraphStyle: String, Sendable, CaseIterable {
    /// Two values a column, four steps a row.
    case braille
    /// One value a column, eight steps a row.
    case block
    /// One value a column, three steps a row, for terminals without UTF-8.
    case ascii

    /// How many values stand side by side in one column.
    package var valuesPerColumn: Int { self == .braille ? 2 : 1 }
}

/// A filled graph over time, the newest value at the right.
package struct Graph: Sendable {
    package var style: GraphStyle
    package var ink: Ink
    /// The value that fills the whole height.
    package var top: Double

    package init(_ style: GraphStyle, ink: Ink, top: Double) {
        self.style = style
        self.ink = ink
        self.top = top
    }

    /// Where a graph is drawn.
    package struct Area: Sendable {
        package var row: Int
        package var column: Int
        package var size: Size

        package init(row: Int, column: Int, size: Size) {
            self.row = row
            self.column = column
            self.size = size
        }
    }

    /// Draws `values`, one for each place of the area; nil leaves its place empty.
    package func draw(_ values: [Double?], in area: Area, on screen: inout Screen) {
        let steps = stepsPerRow
        let heights = values.map { height(of: $0, steps: steps * area.size.rows) }
        for column in 0..<area.size.columns {
            for row in 0..<area.size.rows {
                let below = (area.size.rows - 1 - row) * steps
                guard let glyph = glyph(heights, column: column, below: below, steps: steps) else {
                    continue
                }
                screen.set(
                    Cell(glyph, style: Style(ink)),
                    row: area.row + row,
                    column: area.column + column
                )
            }
        }
    }

    private var stepsPerRow: Int {
        switch style {
        case .braille: 4
        case .block: 8
        case .ascii: 3
        }
    }

    /// How many steps high a value stands: what is above zero shows at least one.
    private func height(of value: Double?, steps: Int) -> Int {
        guard let value, value > 0, top > 0 else { return 0 }
        let share = min(value / top, 1) * Double(steps)
        return max(Int(share.rounded()), 1)
    }

    private func glyph(_ heights: [Int], column: Int, below: Int, steps: Int) -> Unicode.Scalar? {
        func filled(_ index: Int) -> Int {
            guard heights.indices.contains(index) else { return 0 }
            return min(max(heights[index] - below, 0), steps)
        }
        switch style {
        case .braille:
            let bits = Self.left[filled(column * 2)] | Self.right[filled(column * 2 + 1)]
            return bits == 0 ? nil : Unicode.Scalar(0x2800 + bits)
        case .block:
            let step = filled(column)
            return step == 0 ? nil : Unicode.Scalar(0x2580 + UInt32(step))
        case .ascii:
            let step = filled(column)
            return step == 0 ? nil : [".", ":", "#"][step - 1]
        }
    }

    /// The dots of a braille column, filled from below (Unicode 2800–28FF: bits by dot number).
    private static let left: [UInt32] = [0, 0x40, 0x44, 0x46, 0x47]
    private static let right: [UInt32] = [0, 0x80, 0xA0, 0xB0, 0xB8]
}
