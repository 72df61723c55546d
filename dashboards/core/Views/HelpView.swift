/// All keys, over whatever is shown.
struct HelpView {
    let first: Int

    static let lines: [(keys: String, meaning: String)] = [
        ("q  Ctrl-C  F10", "quit"),
        ("?  h  F1", "this list"),
        ("up down  j k", "move"),
        ("g G  Home End", "first, last"),
        ("PgUp PgDn  Ctrl-U Ctrl-D", "a page, half a page"),
        ("Enter  l", "open the host"),
        ("Esc  h  left", "back; then clear the filter"),
        ("Tab", "next list, or the next host"),
        ("1 2 3", "the lists; on a host's page its parts"),
        ("e", "events"),
        ("/", "filter; !text leaves matches out"),
        ("n N", "next, previous host in trouble"),
        ("s  F6", "choose what to sort by"),
        ("left right", "sort by the column beside"),
        ("P M T I", "sort by cpu, memory, age, disk"),
        ("r", "reverse the order"),
        ("space  f", "freeze, go on"),
        ("+ -", "less, more time in the graphs"),
        ("t", "graphs of 10 minutes, of an hour, of steps"),
        ("[ ]", "graphs back in time, forward"),
        ("Ctrl-L", "paint anew"),
        ("", ""),
        (". i W C ?", "ok, info, warning, critical, unknown"),
        ("stale", "there, but its values stopped arriving"),
    ]

    func draw(on screen: inout Screen, isUnicode: Bool) {
        let height = min(Self.lines.count, max(screen.size.rows - 3, 1))
        let width = min(screen.size.columns, 74)
        let left = (screen.size.columns - width) / 2
        let top = max((screen.size.rows - height - 2) / 2, 0)
        screen.clear(rows: top..<(top + height + 2), columns: left..<(left + width))
        screen.put("Keys", row: top, column: left + 1, style: .title)
        let start = min(first, max(Self.lines.count - height, 0))
        let keyWidth = min(26, width / 2)
        for (offset, line) in Self.lines.dropFirst(start).prefix(height).enumerated() {
            let row = top + 1 + offset
            screen.put(
                line.keys,
                row: row,
                column: left + 1,
                limit: keyWidth - 1,
                style: Style(.key)
            )
            screen.put(
                line.meaning,
                row: row,
                column: left + keyWidth + 1,
                limit: width - keyWidth - 1
            )
        }
        let rest = Self.lines.count - start - height
        let foot = rest > 0 ? "\(rest) more: down" : "any other key closes"
        screen.put(foot, row: top + height + 1, column: left + 1, limit: width, style: .faint)
    }
}

/// The choice of the column to sort by.
struct SortMenu {
    private let chosen: Column
    private let isReversed: Bool

    init(_ chosen: Column, isReversed: Bool) {
        self.chosen = chosen
        self.isReversed = isReversed
    }

    func draw(on screen: inout Screen) {
        let columns = Column.sortable
        let height = min(columns.count, max(screen.size.rows - 3, 1))
        let width = min(screen.size.columns, 24)
        let top = min(2, max(screen.size.rows - height - 2, 0))
        let index = columns.firstIndex(of: chosen) ?? 0
        let first = min(max(index - height + 1, 0), columns.count - height)
        screen.clear(rows: top..<(top + height + 1), columns: 0..<width)
        let title = isReversed ? "Sort by (reversed)" : "Sort by"
        screen.put(title, row: top, column: 1, limit: width - 1, style: .title)
        for (offset, column) in columns.dropFirst(first).prefix(height).enumerated() {
            screen.put(column.name, row: top + 1 + offset, column: 1, limit: width - 1)
            guard column == chosen else { continue }
            screen.restyle(row: top + 1 + offset, columns: 0..<width) { $0.isReversed = true }
        }
    }
}
