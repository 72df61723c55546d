import Telemetry
import XMPP

/// The table of all hosts.
struct FleetView {
    private let model: Model
    private let picture: Model.Picture
    private let rows: [Host]

    init(_ model: Model) {
        self.model = model
        picture = model.picture
        rows = model.hostRows
    }

    func draw(on screen: inout Screen) {
        model.drawHead(on: &screen)
        let longest = rows.lazy.map { Glyph.columns(of: $0.name) }.max() ?? 0
        let (columns, hostWidth) = Column.fitting(model.size.columns, longestName: longest)
        drawTitles(columns, hostWidth, on: &screen)
        guard !rows.isEmpty else { return drawEmpty(on: &screen) }
        var cursor = model.fleetCursor
        let ids = rows.map(\.jid)
        cursor.settle(in: ids, height: model.listHeight)
        for (offset, host) in rows.dropFirst(cursor.first).prefix(model.listHeight).enumerated() {
            drawRow(host, columns, hostWidth, row: offset + 2, on: &screen)
            guard host.jid == cursor.selected else { continue }
            screen.restyle(row: offset + 2, columns: 0..<model.size.columns) {
                $0.isReversed = true
            }
        }
    }

    private func drawTitles(_ columns: [Column], _ hostWidth: Int, on screen: inout Screen) {
        var place = 0
        for column in columns {
            let width = column == .host ? hostWidth : column.width
            let isSorted = column == model.sort
            var title = column.title
            if isSorted, Glyph.columns(of: title) < width {
                title += model.isUnicode ? (model.isReversed ? "▲" : "▼") : "*"
            }
            screen.put(
                title,
                row: 1,
                column: place,
                width: width,
                alignment: column.alignment,
                ellipsis: model.ellipsis,
                style: Style(isSorted ? .key : .faint, bold: isSorted, underlined: true)
            )
            place += width + 1
        }
    }

    private func drawRow(
        _ host: Host,
        _ columns: [Column],
        _ hostWidth: Int,
        row: Int,
        on screen: inout Screen
    ) {
        let state = host.state(at: picture.now, isOnline: picture.isOnline)
        var place = 0
        for column in columns {
            let width = column == .host ? hostWidth : column.width
            if column == .history {
                drawHistory(host, state, row: row, column: place, width: width, on: &screen)
            } else {
                screen.put(
                    column.text(host, in: picture),
                    row: row,
                    column: place,
                    width: width,
                    alignment: column.alignment,
                    ellipsis: model.ellipsis,
                    style: style(of: column, host, state)
                )
            }
            place += width + 1
        }
    }

    /// Values that can't be believed are faint; names and states never are.
    private func style(of column: Column, _ host: Host, _ state: Host.State) -> Style {
        switch column {
        case .level:
            host.effectiveLevel(at: picture.now, isOnline: picture.isOnline).style
        case .host: .plain
        case .state: state.style
        case .alerts: host.alerts.first?.level.style ?? .plain
        case .age: state == .up ? .faint : state.style
        default: state == .up ? .plain : .faint
        }
    }

    private func drawHistory(
        _ host: Host,
        _ state: Host.State,
        row: Int,
        column: Int,
        width: Int,
        on screen: inout Screen
    ) {
        let ink: Ink = state == .up ? .processor : .faint
        let graph = Graph(model.graphs, ink: ink, top: 100)
        let window = History.Window(
            count: width * model.graphs.valuesPerColumn,
            step: Self.historyStep,
            end: picture.now,
            hold: host.freshness
        )
        graph.draw(
            host.history(.processor).values(in: window),
            in: .init(row: row, column: column, size: Size(columns: width, rows: 1)),
            on: &screen
        )
    }

    /// Twenty columns of braille are ten minutes.
    ///
    /// A finer step would rewrite every row every second.
    private static let historyStep = Duration.seconds(15)

    private func drawEmpty(on screen: inout Screen) {
        let text: String
        if !picture.fleet.hosts.isEmpty {
            text = "No host matches the filter."
        } else if picture.isOnline {
            text = "No host has shown itself yet."
        } else {
            text = "Not connected: no host is known."
        }
        screen.put(text, row: 3, column: 1, style: .faint)
    }
}
