import Telemetry
import XMPP

/// Rows of a level, a host, an age and a text that takes the rest.
struct ListTable {
    private let model: Model
    private let titles: [String]
    private let widths: [Int]
    /// What stands in place of rows.
    private let whenEmpty: String

    /// What one row says.
    struct Line {
        var level: Level
        var host: JID
        var age: Duration
        var text: String
        /// Of the level's letter.
        var style: Style

        fileprivate var texts: [String] {
            [Column.letter(level), host.local ?? host.domain, Quantity.age(age), text]
        }
    }

    init(_ model: Model, titles: [String], whenEmpty: String) {
        self.model = model
        self.titles = titles
        self.whenEmpty = whenEmpty
        let host = min(max(model.size.columns / 5, 8), 24)
        widths = [1, host, 4, max(model.size.columns - host - 8, 1)]
    }

    /// Draws the titles and the rows that there is room for; `line` is asked for those only.
    func draw<Row>(
        _ rows: [Row],
        id: (Row) -> String,
        cursor: ListCursor<String>,
        on screen: inout Screen,
        _ line: (Row) -> Line
    ) {
        put(titles, row: 1, styles: titles.map { _ in Style(.faint, underlined: true) }, &screen)
        guard !rows.isEmpty else {
            screen.put(whenEmpty, row: 3, column: 1, style: .faint)
            return
        }
        var cursor = cursor
        cursor.settle(in: rows.map(id), height: model.listHeight)
        for (offset, row) in rows.dropFirst(cursor.first).prefix(model.listHeight).enumerated() {
            let line = line(row)
            put(
                line.texts,
                row: offset + 2,
                styles: [line.style, .plain, .faint, .plain],
                &screen
            )
            guard id(row) == cursor.selected else { continue }
            screen.restyle(row: offset + 2, columns: 0..<model.size.columns) {
                $0.isReversed = true
            }
        }
    }

    private func put(_ texts: [String], row: Int, styles: [Style], _ screen: inout Screen) {
        var column = 0
        for (index, width) in widths.enumerated() {
            screen.put(
                texts[index],
                row: row,
                column: column,
                width: width,
                alignment: index == 2 ? .trailing : .leading,
                ellipsis: model.ellipsis,
                style: styles[index]
            )
            column += width + 1
        }
    }
}
