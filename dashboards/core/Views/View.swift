package import Telemetry
import XMPP

extension Model {
    /// The screen that shows the model; equal models give equal screens.
    package var screen: Screen {
        var screen = Screen(size)
        switch pane {
        case .fleet: FleetView(self).draw(on: &screen)
        case .alerts: AlertView(self).draw(on: &screen)
        case .events: EventView(self).draw(on: &screen)
        case .host: HostView(self).draw(on: &screen)
        }
        drawFoot(on: &screen)
        switch overlay {
        case .help(let first): HelpView(first: first).draw(on: &screen, isUnicode: isUnicode)
        case .sort(let column): SortMenu(column, isReversed: isReversed).draw(on: &screen)
        case .filter, nil: break
        }
        return screen
    }

    /// What marks a text that was cut.
    var ellipsis: Unicode.Scalar { isUnicode ? "…" : "~" }
}

// MARK: - First and last line

extension Model {
    /// The first line of the lists: how many hosts are how, and where we stand ourselves.
    func drawHead(on screen: inout Screen) {
        let picture = picture
        screen.restyle(row: 0, columns: 0..<size.columns) { $0 = .title }
        var column = screen.put(paneTitle, row: 0, column: 0, style: .title) + 2
        if size.columns >= 60, pane == .fleet { column = drawCounts(picture, on: &screen, column) }
        drawStanding(on: &screen, after: column)
    }

    private var paneTitle: String {
        switch pane {
        case .fleet, .host: "Lapwing"
        case .alerts: "Lapwing alerts"
        case .events: "Lapwing events"
        }
    }

    private func drawCounts(
        _ picture: Picture,
        on screen: inout Screen,
        _ start: Int
    ) -> Int {
        var column = start
        for state in [Host.State.up, .stale, .down, .unknown] {
            let count = picture.fleet.count(state, at: picture.now, isOnline: picture.isOnline)
            guard count > 0 || state == .up else { continue }
            let text = "\(count) \(state.rawValue)"
            column = screen.put(text, row: 0, column: column, style: state.style) + 2
        }
        for level in [Level.critical, .warning] {
            let count = picture.fleet.hosts.values.reduce(0) {
                $0 + ($1.alertLists[level]?.alerts.count ?? 0)
            }
            guard count > 0 else { continue }
            let text = "\(count) \(level.rawValue)"
            column = screen.put(text, row: 0, column: column, style: level.style) + 2
        }
        let omitted = picture.fleet.omitted.count
        guard omitted > 0 else { return column }
        return screen.put("+\(omitted) not shown", row: 0, column: column, style: .faint) + 2
    }

    /// Our own connection, at the right; what is wrong goes before what is well.
    private func drawStanding(on screen: inout Screen, after column: Int) {
        let (text, style) = standing
        let room = size.columns - column
        guard room > 0 else { return }
        screen.put(
            text,
            row: 0,
            column: column,
            width: room,
            alignment: .trailing,
            ellipsis: ellipsis,
            style: style
        )
    }

    var standing: (text: String, style: Style) {
        if let frozen {
            return ("FROZEN at \(Quantity.clock(frozen.now))", Style(.warning, bold: true))
        }
        switch connection {
        case .connecting: return ("connecting", Style(.warning))
        case .online(let jid):
            guard feed == .withdrawn else { return (jid.bare.description, .faint) }
            return ("the server ended the fleet's subscription", Style(.warning))
        case .offline(let reason, let retry):
            guard let retry else { return ("OFFLINE: \(reason)", Style(.critical, bold: true)) }
            return (
                "OFFLINE, again at \(Quantity.clock(retry)): \(reason)",
                Style(.critical, bold: true)
            )
        }
    }

    /// The last line: the filter while it is typed, else the most useful keys.
    private func drawFoot(on screen: inout Screen) {
        let row = size.rows - 1
        screen.clear(rows: row..<size.rows, columns: 0..<size.columns)
        if case .filter = overlay {
            let column = screen.put("/" + filter.text, row: row, column: 0, style: Style(.key))
            screen.cursor = .init(row: row, column: min(column, size.columns - 1))
            return
        }
        var column = 0
        if !filter.text.isEmpty {
            let end = screen.put(
                "/" + filter.text,
                row: row,
                column: 0,
                style: Style(.key, bold: true)
            )
            column = end + 2
        }
        for (key, meaning) in footKeys {
            let needed = Glyph.columns(of: key) + 1 + Glyph.columns(of: meaning)
            guard column + needed <= size.columns else { break }
            column = screen.put(key, row: row, column: column, style: Style(.key)) + 1
            column = screen.put(meaning, row: row, column: column, style: .faint) + 2
        }
    }

    private var footKeys: [(String, String)] {
        switch pane {
        case .host:
            [
                ("q", "quit"), ("?", "keys"), ("Esc", "back"), ("Tab", "next host"),
                ("t", "time span"), ("+-", "zoom"), ("[]", "back in time"),
                ("f", frozen == nil ? "freeze" : "go on"),
            ]
        case .fleet:
            [
                ("q", "quit"), ("?", "keys"), ("Enter", "open"), ("/", "filter"), ("s", "sort"),
                ("Tab", "alerts"), ("f", frozen == nil ? "freeze" : "go on"), ("n", "next trouble"),
            ]
        case .alerts, .events:
            [
                ("q", "quit"), ("?", "keys"), ("Enter", "open host"), ("/", "filter"),
                ("Tab", pane == .alerts ? "events" : "fleet"), ("Esc", "back"),
            ]
        }
    }
}

// MARK: - Styles

extension Level {
    /// The level's colour.
    package var style: Style {
        switch self {
        case .ok: Style(.ok)
        case .unknown: Style(.unknown)
        case .info: Style(.info)
        case .warning: Style(.warning)
        case .critical: Style(.critical, bold: true)
        }
    }
}

extension Host.State {
    var style: Style {
        switch self {
        case .up: Style(.ok)
        case .stale: Style(.warning)
        case .down: Style(.critical, bold: true)
        case .unknown: Style(.unknown)
        }
    }
}
