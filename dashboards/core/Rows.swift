import Telemetry
import XMPP

/// The rows of the lists: filtered, in order.
extension Model {
    /// The hosts of the fleet table.
    package var hostRows: [Host] {
        let picture = picture
        let hosts = picture.fleet.hosts.values.filter { host in
            filter.isEmpty || filter.accepts(texts(of: host, in: picture))
        }
        return sort.sorted(Array(hosts), in: picture, reversed: isReversed)
    }

    private func texts(of host: Host, in picture: Picture) -> [String] {
        [
            host.jid.description,
            host.state(at: picture.now, isOnline: picture.isOnline).rawValue,
            host.effectiveLevel(at: picture.now, isOnline: picture.isOnline).rawValue,
        ]
    }

    /// The open alerts of all hosts.
    package var alertRows: [Fleet.OpenAlert] {
        picture.fleet.openAlerts.filter { row in
            filter.accepts([
                row.host.description, row.alert.id, row.alert.summary, row.alert.level.rawValue,
            ])
        }
    }

    /// The log of all hosts, newest first.
    package var eventRows: [Fleet.LoggedEvent] {
        picture.fleet.events.filter { row in
            filter.accepts([
                row.host.description, row.event.summary, row.event.kind.rawValue,
                row.event.level.rawValue,
            ])
        }
    }

    /// Lines of a list between the titles and the foot.
    package var listHeight: Int { max(size.rows - 3, 1) }
}

extension Fleet.OpenAlert {
    /// Across hosts an alert is told apart by host and id (docs/protocol.md).
    package var id: String { host.description + "/" + alert.id }
}

extension Fleet.LoggedEvent {
    package var id: String { host.description + "/" + item }
}
