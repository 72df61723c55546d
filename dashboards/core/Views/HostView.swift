import Telemetry
import XMPP

/// One host's page: its graphs, its filesystems and its open alerts.
///
/// It is drawn whole, as high as it needs to be, and the terminal shows a part of it: so small a
/// terminal shows the same, with more to scroll.
struct HostView {
    let model: Model
    let picture: Model.Picture
    let host: Host?

    init(_ model: Model) {
        self.model = model
        picture = model.picture
        if case .host(let jid) = model.pane { host = picture.fleet.hosts[jid] } else { host = nil }
    }

    /// The parts of the page, in order: the keys 1 to 7 go to them.
    enum Section: Int, CaseIterable {
        case processor, memory, network, disk, pressure, filesystems, alerts

        var isGraph: Bool { rawValue <= Section.pressure.rawValue }
    }

    /// Lines of the page that the terminal shows.
    private var height: Int { max(model.size.rows - 2, 1) }

    /// Graphs stand in two columns where both are still readable.
    private var graphColumns: Int { model.size.columns >= 76 ? 2 : 1 }

    /// How far the page can be scrolled.
    var maximumScroll: Int {
        guard let host else { return 0 }
        return max(places(host).height - height, 0)
    }

    /// The line at which a part begins.
    func firstLine(ofSection index: Int) -> Int? {
        guard let host, let section = Section(rawValue: index) else { return nil }
        return places(host).areas[section]?.row
    }

    func draw(on screen: inout Screen) {
        guard let host else {
            screen.put("This host is no longer listed.", row: 2, column: 1, style: .faint)
            return
        }
        drawHead(host, on: &screen)
        let (areas, total) = places(host)
        var page = Screen(Size(columns: model.size.columns, rows: max(total, 1)))
        for section in Section.allCases {
            guard let area = areas[section] else { continue }
            switch section {
            case .filesystems: drawFilesystems(host, at: area.row, on: &page)
            case .alerts: drawAlerts(host, at: area.row, on: &page)
            default: GraphPanel(self, host).draw(section, in: area, on: &page)
            }
        }
        let scroll = min(max(model.hostScroll, 0), max(total - height, 0))
        screen.copy(page, from: scroll, into: 1..<max(model.size.rows - 1, 1))
    }
}

// MARK: - Layout

extension HostView {
    /// Where each part stands on the page, and how high the page is.
    private func places(_ host: Host) -> (areas: [Section: Graph.Area], height: Int) {
        let graphs = Section.allCases.filter(\.isGraph)
        let columns = graphColumns
        let lines = (graphs.count + columns - 1) / columns
        let lists = listHeight(.filesystems, host) + listHeight(.alerts, host)
        // A graph takes what the lists leave, its title included: at least three lines.
        let graphHeight = min(max((height - lists) / lines, 3), 9)
        let width = (model.size.columns - (columns - 1) * 2) / columns
        var areas: [Section: Graph.Area] = [:]
        for (index, section) in graphs.enumerated() {
            // One that stands alone on its line has the whole of it.
            let isAlone = index == graphs.count - 1 && index % columns == 0
            areas[section] = Graph.Area(
                row: index / columns * graphHeight,
                column: index % columns * (width + 2),
                size: Size(
                    columns: isAlone ? model.size.columns : width,
                    rows: graphHeight
                )
            )
        }
        var row = lines * graphHeight
        for section in [Section.filesystems, .alerts] {
            let size = Size(columns: model.size.columns, rows: listHeight(section, host))
            areas[section] = Graph.Area(row: row, column: 0, size: size)
            row += size.rows
        }
        return (areas, row)
    }

    private func listHeight(_ section: Section, _ host: Host) -> Int {
        let rows = section == .alerts ? host.alerts.count : filesystems(host).count
        return min(max(rows, 1), Self.maximumListRows) + 1
    }

    /// Rows shown of a list on a host's page; what is left out is counted in its title.
    private static let maximumListRows = 200

    private func filesystems(_ host: Host) -> [SampleInstance] {
        (host.samples[.filesystem]?.instances ?? []).sorted {
            ($0["used"] ?? -1, $1.name) > ($1["used"] ?? -1, $0.name)
        }
    }
}

// MARK: - Parts

extension HostView {
    private func drawHead(_ host: Host, on screen: inout Screen) {
        let state = host.state(at: picture.now, isOnline: picture.isOnline)
        let level = host.effectiveLevel(at: picture.now, isOnline: picture.isOnline)
        let room = max(model.size.columns - 24, 8)
        var column = screen.put(host.name, row: 0, column: 0, limit: room, style: .title) + 2
        column = screen.put(state.label, row: 0, column: column, style: state.style) + 2
        let word = Column.letter(level) + " " + level.rawValue
        column = screen.put(word, row: 0, column: column, style: level.style) + 2
        let age = Quantity.age(host.age(at: picture.now))
        let ageStyle = state == .up ? Style.faint : state.style
        let ageText = host.heard == nil ? "no values" : age == "now" ? age : age + " old"
        column = screen.put(ageText, row: 0, column: column, style: ageStyle) + 2
        if let span = model.zoom.span {
            column = screen.put(span.rawValue, row: 0, column: column, style: Style(.key)) + 2
        }
        if model.frozen != nil || !picture.isOnline {
            let (text, style) = model.standing
            screen.put(text, row: 0, column: column, style: style)
        } else if let meta = host.meta {
            screen.put(meta.system, row: 0, column: column, style: .faint)
        }
    }

    private func drawFilesystems(_ host: Host, at row: Int, on page: inout Screen) {
        let all = filesystems(host)
        let age = host.staleAge(of: .filesystem, at: picture.now)
        let heading = age.map { "filesystems, " + Quantity.age($0) + " old" } ?? "filesystems"
        title(heading, shown: all.count, at: row, on: &page)
        guard !all.isEmpty else {
            page.put("no values", row: row + 1, column: 2, style: .faint)
            return
        }
        let style: Style = isFresh(host) && age == nil ? .plain : .faint
        let barWidth = min(max(model.size.columns / 4, 6), 30)
        let nameWidth = max(model.size.columns - barWidth - 22, 8)
        for (index, item) in all.prefix(Self.maximumListRows).enumerated() {
            let line = row + 1 + index
            page.put(
                item.name,
                row: line,
                column: 1,
                width: nameWidth,
                alignment: .leading,
                ellipsis: model.ellipsis,
                style: style
            )
            drawBar(item["used"], row: line, column: nameWidth + 2, width: barWidth, on: &page)
            let used = Quantity.percent(item["used"])
            page.put(
                used,
                row: line,
                column: nameWidth + barWidth + 3,
                width: 5,
                alignment: .trailing,
                style: style
            )
            let size = Quantity.bytes(item["available"]) + " of " + Quantity.bytes(item["size"])
            page.put(size, row: line, column: nameWidth + barWidth + 9, style: style)
        }
    }

    private func drawBar(
        _ percent: Double?,
        row: Int,
        column: Int,
        width: Int,
        on page: inout Screen
    ) {
        let share = min(max((percent ?? 0) / 100, 0), 1)
        let filled = Int((share * Double(width)).rounded())
        let level: Level = share >= 0.95 ? .critical : share >= 0.9 ? .warning : .ok
        let glyph: Unicode.Scalar = model.isUnicode ? "■" : "="
        for index in 0..<width {
            let cell =
                index < filled
                ? Cell(glyph, style: level == .ok ? Style(.disk) : level.style)
                : Cell(model.isUnicode ? "·" : ".", style: .faint)
            page.set(cell, row: row, column: column + index)
        }
    }

    private func drawAlerts(_ host: Host, at row: Int, on page: inout Screen) {
        let alerts = host.alerts
        title("open alerts", shown: alerts.count, at: row, on: &page)
        guard !alerts.isEmpty else {
            page.put("none", row: row + 1, column: 2, style: .faint)
            return
        }
        for (index, alert) in alerts.prefix(Self.maximumListRows).enumerated() {
            let line = row + 1 + index
            page.put(
                Column.letter(alert.level),
                row: line,
                column: 1,
                style: alert.level.style
            )
            let age = Quantity.age(picture.now - alert.since)
            page.put(age, row: line, column: 3, width: 4, alignment: .trailing, style: .faint)
            page.put(alert.summary, row: line, column: 8)
        }
    }

    private func title(_ text: String, shown count: Int, at row: Int, on page: inout Screen) {
        let end = page.put(text, row: row, column: 0, style: .title) + 1
        if count > Self.maximumListRows {
            page.put("first \(Self.maximumListRows) of \(count)", row: row, column: end)
        }
    }

    func isFresh(_ host: Host) -> Bool {
        host.state(at: picture.now, isOnline: picture.isOnline) == .up
    }
}
