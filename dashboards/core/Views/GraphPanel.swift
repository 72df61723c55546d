import Telemetry
import XMPP

/// One titled part of a host's page that shows metrics over time.
struct GraphPanel {
    private let view: HostView
    private let host: Host

    init(_ view: HostView, _ host: Host) {
        self.view = view
        self.host = host
    }

    /// A graph of a part, and what stands over it.
    private struct Plot {
        var metric: Metric
        var label: String
        var detail = ""
    }

    func draw(_ section: HostView.Section, in area: Graph.Area, on page: inout Screen) {
        let plots = plots(of: section)
        let width = (area.size.columns - (plots.count - 1)) / max(plots.count, 1)
        for (index, plot) in plots.enumerated() {
            let part = Graph.Area(
                row: area.row,
                column: area.column + index * (width + 1),
                size: Size(columns: width, rows: area.size.rows)
            )
            draw(plot, in: part, on: &page)
        }
    }

    private func draw(_ plot: Plot, in area: Graph.Area, on page: inout Screen) {
        let age = host.staleAge(of: plot.metric, at: view.picture.now)
        let isFresh = view.isFresh(host) && age == nil
        var plot = plot
        if let age { plot.detail = Quantity.age(age) + " old " + plot.detail }
        let model = view.model
        let count = area.size.columns * model.graphs.valuesPerColumn
        let values = host.history(plot.metric).values(
            in: .init(
                count: count,
                step: model.zoom.step(of: count),
                end: model.zoom.end(view.picture.now),
                hold: host.freshness
            )
        )
        let top = scale(values, of: plot.metric)
        drawTitle(plot, top: top, in: area, isFresh: isFresh, on: &page)
        let body = Graph.Area(
            row: area.row + 1,
            column: area.column,
            size: Size(columns: area.size.columns, rows: max(area.size.rows - 1, 1))
        )
        Graph(model.graphs, ink: isFresh ? plot.metric.ink : .faint, top: top)
            .draw(values, in: body, on: &page)
    }

    private func drawTitle(
        _ plot: Plot,
        top: Double,
        in area: Graph.Area,
        isFresh: Bool,
        on page: inout Screen
    ) {
        let end = area.column + area.size.columns
        var column = area.column
        func put(_ text: String, _ style: Style) {
            guard column < end else { return }
            column = page.put(
                text,
                row: area.row,
                column: column,
                limit: end - column,
                style: style
            )
            column += 1
        }
        put(plot.label, .title)
        put(
            plot.metric.text(host.values[plot.metric]),
            isFresh ? Style(plot.metric.ink, bold: true) : .faint
        )
        if !plot.detail.isEmpty { put(plot.detail, .faint) }
        guard plot.metric.unit == .bytesPerSecond, area.size.columns >= 24 else { return }
        let scale = "of " + Quantity.bytes(top)
        if end - column >= scale.count { put(scale, .faint) }
    }

    /// The value at the top of the graph: 100 % for shares, the highest seen for rates.
    private func scale(_ values: [Double?], of metric: Metric) -> Double {
        let highest = values.compactMap { $0 }.max() ?? 0
        switch metric {
        case .processor, .memory, .swap, .filesystem: return 100
        // Pressure is small when all is well: ten percent is already worth a look.
        case .pressureProcessor, .pressureMemory, .pressureIO: return highest > 10 ? 100 : 10
        case .load: return max(highest, 1)
        case .networkIn, .networkOut, .diskRead, .diskWrite: return roundedUp(max(highest, 1024))
        }
    }

    /// The next power of two, so that the scale does not move with every value.
    private func roundedUp(_ value: Double) -> Double {
        var top = 1024.0
        while top < value, top < 1e18 { top *= 2 }
        return top
    }

    private func plots(of section: HostView.Section) -> [Plot] {
        switch section {
        case .processor: [Plot(metric: .processor, label: "cpu", detail: loadText)]
        case .memory: [Plot(metric: .memory, label: "memory", detail: memoryText)]
        case .network:
            [
                Plot(metric: .networkIn, label: "net in"),
                Plot(metric: .networkOut, label: "net out"),
            ]
        case .disk:
            [
                Plot(metric: .diskRead, label: "disk read"),
                Plot(metric: .diskWrite, label: "write"),
            ]
        case .pressure:
            [
                Plot(metric: .pressureProcessor, label: "psi cpu"),
                Plot(metric: .pressureMemory, label: "mem"),
                Plot(metric: .pressureIO, label: "io"),
            ]
        case .filesystems, .alerts: []
        }
    }

    private var loadText: String {
        let sample = host.samples[.cpu] ?? host.samples[.summary]
        let loads = ["load1", "load5", "load15"].compactMap { sample?[$0] }
        if loads.isEmpty { return "load " + Quantity.plain(host.values[.load]) }
        return "load " + loads.map { Quantity.plain($0) }.joined(separator: " ")
    }

    private var memoryText: String {
        var text = ""
        if let total = host.samples[.memory]?["total"] {
            text = "of " + Quantity.bytes(total) + " "
        }
        return text + "swap " + Quantity.percent(host.values[.swap])
    }
}
