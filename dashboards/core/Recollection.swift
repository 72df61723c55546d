import Telemetry
import XMPP

/// Which part of the past was asked for in this session, and when it was last looked what is shown.
struct Recollection: Sendable {
    private var asked: Set<Group> = []
    private var looked: (at: Instant, pane: Model.Pane)?

    /// Between two looks at what is shown: a table of hosts has to be sorted for one.
    private static let interval = Duration.seconds(1)
    /// An hour: the longest that graphs show as a whole.
    private static let span = Zoom.Span.hour.duration

    private struct Group: Hashable {
        var host: JID
        var node: MonitoringNode
    }

    /// Whether it is time for another look.
    mutating func mayLook(at pane: Model.Pane, _ now: Instant) -> Bool {
        if let looked, looked.pane == pane, now >= looked.at, now - looked.at < Self.interval {
            return false
        }
        looked = (now, pane)
        return true
    }

    /// The requests for those groups of a host that were not asked for.
    mutating func requests(
        for nodes: [MonitoringNode],
        of host: JID,
        at now: Instant
    ) -> [HistoryRequest] {
        nodes.filter { asked.insert(Group(host: host, node: $0)).inserted }
            .map { HistoryRequest(host: host, node: $0, start: now + Self.span * -1) }
    }
}

extension Model {
    /// What to ask of the past, for what is shown: each group of a host once a session.
    mutating func askForHistory() -> [Command] {
        guard connection.isOnline, feed != .unknown, recollection.mayLook(at: pane, now) else {
            return []
        }
        var requests: [HistoryRequest] = []
        switch pane {
        case .host(let jid):
            guard let host = fleet.hosts[jid] else { return [] }
            requests = recollection.requests(for: host.graphedNodes, of: jid, at: now)
        case .fleet where feed == .service && showsHistoryColumn:
            // An account would have to be asked first whether it keeps its past: not for a table.
            let rows = hostRows.dropFirst(fleetCursor.first).prefix(listHeight)
            for host in rows {
                let nodes = host.graphedNodes.prefix(1)
                requests += recollection.requests(for: Array(nodes), of: host.jid, at: now)
            }
        case .fleet, .alerts, .events: break
        }
        return requests.isEmpty ? [] : [.ask(requests)]
    }

    private var showsHistoryColumn: Bool {
        Column.fitting(size.columns, longestName: 0).columns.contains(.history)
    }
}
