import Telemetry
import XMPP

/// The open alerts of all hosts.
struct AlertView {
    private let model: Model

    init(_ model: Model) {
        self.model = model
    }

    func draw(on screen: inout Screen) {
        model.drawHead(on: &screen)
        let rows = model.alertRows
        let table = ListTable(model, titles: ["L", "HOST", "FOR", "ALERT"])
        table.drawTitles(on: &screen)
        guard !rows.isEmpty else {
            let isFiltered = !model.picture.fleet.openAlerts.isEmpty
            let text = isFiltered ? "No alert matches the filter." : "No open alerts."
            screen.put(text, row: 3, column: 1, style: .faint)
            return
        }
        var cursor = model.alertCursor
        cursor.settle(in: rows.map(\.id), height: model.listHeight)
        for (offset, row) in rows.dropFirst(cursor.first).prefix(model.listHeight).enumerated() {
            let texts = [
                Column.letter(row.alert.level), row.host.local ?? row.host.domain,
                Quantity.age(model.picture.now - row.alert.since), row.alert.summary,
            ]
            table.draw(texts, row: offset + 2, style: row.alert.level.style, on: &screen)
            if row.id == cursor.selected { table.mark(row: offset + 2, on: &screen) }
        }
    }
}

/// The log of all hosts.
struct EventView {
    private let model: Model

    init(_ model: Model) {
        self.model = model
    }

    func draw(on screen: inout Screen) {
        model.drawHead(on: &screen)
        let rows = model.eventRows
        let table = ListTable(model, titles: ["L", "HOST", "AGE", "EVENT"])
        table.drawTitles(on: &screen)
        guard !rows.isEmpty else {
            let isFiltered = !model.picture.fleet.events.isEmpty
            let text = isFiltered ? "No event matches the filter." : "Nothing has happened."
            screen.put(text, row: 3, column: 1, style: .faint)
            return
        }
        var cursor = model.eventCursor
        cursor.settle(in: rows.map(\.id), height: model.listHeight)
        for (offset, row) in rows.dropFirst(cursor.first).prefix(model.listHeight).enumerated() {
            let texts = [
                Column.letter(row.event.level), row.host.local ?? row.host.domain,
                Quantity.age(model.picture.now - row.event.at),
                row.event.kind.rawValue + ": " + row.event.summary,
            ]
            let style: Style = row.event.kind == .resolved ? Level.ok.style : row.event.level.style
            table.draw(texts, row: offset + 2, style: style, on: &screen)
            if row.id == cursor.selected { table.mark(row: offset + 2, on: &screen) }
        }
    }
}

/// Rows of a level, a host, an age and a text that takes the rest.
private struct ListTable {
    let model: Model
    let titles: [String]
    let widths: [Int]

    init(_ model: Model, titles: [String]) {
        self.model = model
        self.titles = titles
        let host = min(max(model.size.columns / 5, 8), 24)
        widths = [1, host, 4, max(model.size.columns - host - 8, 1)]
    }

    func drawTitles(on screen: inout Screen) {
        put(titles, row: 1, styles: titles.map { _ in Style(.faint, underlined: true) }, &screen)
    }

    func draw(_ texts: [String], row: Int, style: Style, on screen: inout Screen) {
        put(texts, row: row, styles: [style, .plain, .faint, .plain], &screen)
    }

    func mark(row: Int, on screen: inout Screen) {
        screen.restyle(row: row, columns: 0..<model.size.columns) { $0.isReversed = true }
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
