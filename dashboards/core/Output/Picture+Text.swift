import Telemetry
import XMPP

/// What is written where there is no screen.
extension Model.Picture {
    /// The fleet table and the open alerts as plain text, each line with its end.
    package var plainText: String {
        let columns = Column.allCases.filter { $0 != .history && $0 != .alerts }
        let hosts = Column.level.sorted(Array(fleet.hosts.values), in: self, reversed: false)
        guard !hosts.isEmpty else { return "No host has shown itself.\n" }
        let rows =
            [columns.map { $0 == .level ? "LEVEL" : $0.title }]
            + hosts.map { host in columns.map { text(of: $0, host) } }
        let widths = columns.indices.map { index in
            rows.lazy.map { Glyph.columns(of: $0[index]) }.max() ?? 0
        }
        var result = ""
        for row in rows { result += line(row, columns, widths) + "\n" }
        for open in fleet.openAlerts {
            let host = open.host.local ?? open.host.domain
            let age = Quantity.age(now - open.alert.since)
            result +=
                Self.printable(
                    "\(open.alert.level.rawValue): \(host): \(open.alert.summary) (for \(age))"
                ) + "\n"
        }
        return result
    }

    private func text(of column: Column, _ host: Host) -> String {
        let text =
            column == .level
            ? host.effectiveLevel(at: now, isOnline: isOnline).rawValue
            : column.text(host, in: self)
        return Self.printable(text)
    }

    private func line(_ texts: [String], _ columns: [Column], _ widths: [Int]) -> String {
        var result = ""
        for (index, text) in texts.enumerated() {
            let gap = String(repeating: " ", count: widths[index] - Glyph.columns(of: text))
            let isLeading = columns[index].alignment == .leading
            result += (isLeading ? text + gap : gap + text) + "  "
        }
        while result.last == " " { result.removeLast() }
        return result
    }

    /// One change as a line for people; nil for messages that tell nothing of hosts.
    package func plainLine(for message: Message) -> String? {
        let text: String
        switch message {
        case .connection(.connecting): text = "connecting"
        case .connection(.online(let jid)): text = "online as \(jid)"
        case .connection(.offline(let reason, _)): text = "offline: \(reason)"
        case .feed(.withdrawn): text = "the server ended the fleet's subscription"
        case .presence(let jid, let availability):
            text = "\(jid.local ?? jid.domain) is \(availability.rawValue)"
        case .report(let report):
            guard let line = line(for: report) else { return nil }
            text = line
        case .feed, .history, .listed, .unlisted, .cleared, .key, .mouse, .resized, .tick:
            return nil
        }
        return Quantity.clock(now) + " " + Self.printable(text)
    }

    private func line(for report: Report) -> String? {
        let host = report.host.local ?? report.host.domain
        switch report.payload {
        case .sample(let sample):
            // The summary is the one line of a host; the groups are for those who look closer.
            guard report.node == .summary, let known = fleet.hosts[report.host] else { return nil }
            let metrics: [(Metric, String)] = [
                (.processor, "cpu"), (.memory, "memory"), (.load, "load"),
                (.filesystem, "disk"), (.networkIn, "rx"), (.networkOut, "tx"),
            ]
            let values = metrics.map { $0.1 + " " + $0.0.text(known.values[$0.0]) }
            return "\(host) \(sample.level.rawValue) " + values.joined(separator: " ")
        case .event(let event):
            return "\(host) \(event.level.rawValue) \(event.kind.rawValue): \(event.summary)"
        case .prosody(let value):
            return "\(host) \(value.name) \(Quantity.plain(value.number))"
        case .alerts, .meta: return nil
        }
    }

    /// The text without what a terminal would act on.
    private static func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch Glyph.kind(of: scalar) {
            case .spacing, .mark: result.unicodeScalars.append(scalar)
            case .control: result += "?"
            case .hidden: break
            }
        }
        return result
    }
}
