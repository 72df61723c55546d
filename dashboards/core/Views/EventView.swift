import Telemetry
import XMPP

/// The log of all hosts.
struct EventView {
    private let model: Model

    init(_ model: Model) {
        self.model = model
    }

    func draw(on screen: inout Screen) {
        model.drawHead(on: &screen)
        let isFiltered = !model.picture.fleet.events.isEmpty
        let table = ListTable(
            model,
            titles: ["L", "HOST", "AGE", "EVENT"],
            whenEmpty: isFiltered ? "No event matches the filter." : "Nothing has happened."
        )
        table.draw(model.eventRows, id: \.id, cursor: model.eventCursor, on: &screen) { row in
            ListTable.Line(
                level: row.event.level,
                host: row.host,
                age: model.picture.now - row.event.at,
                text: row.event.kind.rawValue + ": " + row.event.summary,
                style: row.event.kind == .resolved ? Level.ok.style : row.event.level.style
            )
        }
    }
}
