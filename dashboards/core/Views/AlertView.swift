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
        let isFiltered = !model.picture.fleet.openAlerts.isEmpty
        let table = ListTable(
            model,
            titles: ["L", "HOST", "FOR", "ALERT"],
            whenEmpty: isFiltered ? "No alert matches the filter." : "No open alerts."
        )
        table.draw(model.alertRows, id: \.id, cursor: model.alertCursor, on: &screen) { row in
            ListTable.Line(
                level: row.alert.level,
                host: row.host,
                age: model.picture.now - row.alert.since,
                text: row.alert.summary,
                style: row.alert.level.style
            )
        }
    }
}
