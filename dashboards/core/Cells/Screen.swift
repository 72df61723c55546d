/// Columns and rows of a terminal or of a part of it.
package struct Size: Sendable, Hashable {
    package var columns: Int
    package var rows: Int

    /// The largest side that is drawn: a terminal that claims more is taken for this.
    package static let maximumSide = 1000

    package init(columns: Int, rows: Int) {
        self.columns = min(max(columns, 1), Self.maximumSide)
        self.rows = min(max(rows, 1), Self.maximumSide)
    }
}

/// What a view draws into and a terminal shows: cells by rows.
///
/// Drawing outside is cut off, never an error, so that a view needs no care for small terminals.
package struct Screen: Sendable, Hashable {
    package let size: Size
    package private(set) var cells: [Cell]
    /// Where the terminal's cursor stands; nil hides it.
    package var cursor: Position?

    /// A place on the screen, from 0.
    package struct Position: Sendable, Hashable {
        package var row: Int
        package var column: Int

        package init(row: Int, column: Int) {
            self.row = row
            self.column = column
        }
    }

    package init(_ size: Size) {
        self.size = size
        cells = Array(repeating: .blank, count: size.columns * size.rows)
    }

    package subscript(row: Int, column: Int) -> Cell {
        guard contains(row, column) else { return .blank }
        return cells[row * size.columns + column]
    }

    private func contains(_ row: Int, _ column: Int) -> Bool {
        row >= 0 && row < size.rows && column >= 0 && column < size.columns
    }
}

// MARK: - Drawing

extension Screen {
    /// Sets one cell, and clears the other half of a wide character that it cuts.
    package mutating func set(_ cell: Cell, row: Int, column: Int) {
        guard contains(row, column) else { return }
        let width = Int(cell.width)
        guard column + width <= size.columns else {
            return set(Cell(" ", style: cell.style), row: row, column: column)
        }
        let index = row * size.columns + column
        uncover(row: row, column: column)
        if width == 2 { uncover(row: row, column: column + 1) }
        cells[index] = cell
        if width == 2 { cells[index + 1] = Cell(" ", width: 0, style: cell.style) }
    }

    /// Makes sure that no half of a wide character is left beside a cell that is overwritten.
    private mutating func uncover(row: Int, column: Int) {
        let index = row * size.columns + column
        if cells[index].width == 0, column > 0 {
            cells[index - 1] = Cell(" ", style: cells[index - 1].style)
        } else if cells[index].width == 2, column + 1 < size.columns {
            cells[index + 1] = Cell(" ", style: cells[index + 1].style)
        }
    }

    /// Draws a text on one line, cut at `limit` columns.
    ///
    /// - Returns: the column after the last one drawn.
    @discardableResult
    package mutating func put(
        _ text: String,
        row: Int,
        column: Int,
        limit: Int = .max,
        style: Style = .plain
    ) -> Int {
        let end = min(size.columns, limit > size.columns ? size.columns : column + limit)
        var place = column
        for scalar in text.unicodeScalars {
            switch Glyph.kind(of: scalar) {
            case .spacing(let width):
                guard place + Int(width) <= end else { return place }
                set(Cell(scalar, width: width, style: style), row: row, column: place)
                place += Int(width)
            case .control:
                guard place < end else { return place }
                set(Cell("?", style: style), row: row, column: place)
                place += 1
            case .mark: stack(scalar, row: row, before: place, from: column)
            case .hidden: break
            }
        }
        return place
    }

    private mutating func stack(
        _ mark: Unicode.Scalar,
        row: Int,
        before place: Int,
        from start: Int
    ) {
        var column = place - 1
        if self[row, column].width == 0 { column -= 1 }
        guard column >= start, contains(row, column) else { return }
        cells[row * size.columns + column].marks.add(mark)
    }

    /// Draws a text in a field of `width` columns, cut with `…` when it is too long.
    package mutating func put(
        _ text: String,
        row: Int,
        column: Int,
        width: Int,
        alignment: Alignment,
        ellipsis: Unicode.Scalar = "…",
        style: Style = .plain
    ) {
        guard width > 0 else { return }
        let needed = Glyph.columns(of: text)
        guard needed > width else {
            let start = alignment == .leading ? column : column + width - needed
            put(text, row: row, column: start, style: style)
            return
        }
        let end = put(text, row: row, column: column, limit: width - 1, style: style)
        set(Cell(ellipsis, style: style), row: row, column: end)
    }

    /// Gives a style to a stretch of a row, whatever stands there.
    package mutating func restyle(
        row: Int,
        columns: Range<Int>,
        _ change: (inout Style) -> Void
    ) {
        let range = columns.clamped(to: 0..<size.columns)
        guard row >= 0, row < size.rows else { return }
        for index in range { change(&cells[row * size.columns + index].style) }
    }

    /// Copies rows of another screen, from its row `first`, into the rows `rows` of this one.
    package mutating func copy(_ other: Screen, from first: Int, into rows: Range<Int>) {
        for row in rows.clamped(to: 0..<size.rows) {
            for column in 0..<min(size.columns, other.size.columns) {
                cells[row * size.columns + column] = other[first + row - rows.lowerBound, column]
            }
        }
    }

    /// Clears a rectangle.
    package mutating func clear(rows: Range<Int>, columns: Range<Int>) {
        for row in rows.clamped(to: 0..<size.rows) {
            for column in columns.clamped(to: 0..<size.columns) {
                set(.blank, row: row, column: column)
            }
        }
    }
}

/// On which side of its field a text stands.
package enum Alignment: Sendable {
    case leading, trailing
}

// MARK: - Reading

extension Screen {
    /// The characters of a row, without the blanks at its end.
    package func text(row: Int) -> String {
        var result = ""
        for column in 0..<size.columns { result += self[row, column].text }
        while result.last == " " { result.removeLast() }
        return result
    }

    /// All rows as text.
    package var text: String {
        (0..<size.rows).map { text(row: $0) }.joined(separator: "\n")
    }
}

// MARK: - Difference

extension Screen {
    /// A stretch of a row that has to be written anew.
    package struct Change: Sendable, Hashable {
        package var row: Int
        package var columns: Range<Int>

        package init(row: Int, columns: Range<Int>) {
            self.row = row
            self.columns = columns
        }
    }

    /// What must be written to make a terminal that shows `previous` show this; everything when the
    /// size is another.
    package func changes(from previous: Screen?) -> [Change] {
        guard let previous, previous.size == size else {
            return (0..<size.rows).map { Change(row: $0, columns: 0..<size.columns) }
        }
        var changes: [Change] = []
        for row in 0..<size.rows {
            let base = row * size.columns
            var start: Int?
            for column in 0..<size.columns {
                if cells[base + column] != previous.cells[base + column] {
                    start = start ?? column
                } else if let first = start {
                    changes.append(change(row: row, first..<column))
                    start = nil
                }
            }
            if let first = start { changes.append(change(row: row, first..<size.columns)) }
        }
        return changes
    }

    /// A change never begins in the middle of a wide character.
    private func change(row: Int, _ columns: Range<Int>) -> Change {
        let isHalf = self[row, columns.lowerBound].width == 0 && columns.lowerBound > 0
        return Change(
            row: row,
            columns: (columns.lowerBound - (isHalf ? 1 : 0))..<columns.upperBound
        )
    }
}
