import XMPP

extension Model {
    /// Takes one message; what it returns is to be done in the world.
    package mutating func update(_ message: Message) -> [Command] {
        switch message {
        case .key(let key):
            let commands = press(key)
            settle()
            return commands + askForHistory()
        case .mouse(let mouse):
            point(mouse)
            settle()
            return askForHistory()
        case .resized(let size):
            self.size = size
            settle()
            return [.repaint]
        case .tick:
            apply(message)
            return askForHistory()
        default:
            apply(message)
            return []
        }
    }

    /// Takes what arrived from the world; false when it brought nothing that was not known.
    @discardableResult
    package mutating func apply(_ message: Message) -> Bool {
        switch message {
        case .tick(let time): now = max(now, time)
        case .connection(let connection): connect(connection)
        case .feed(let feed):
            self.feed = feed
            // Only from here on is anybody told who is there.
            fleet.awaitPresence(at: now)
        case .listed(let jid): fleet.list(jid, at: now)
        case .unlisted(let jid): fleet.unlist(jid)
        case .presence(let jid, let availability):
            return fleet.presence(of: jid, availability, at: now)
        case .report(let report): return fleet.receive(report, at: now)
        case .history(let jid, let node, let aggregates):
            fleet.recall(aggregates, of: node, jid, at: now)
        case .cleared(let jid, let node): fleet.clear(node, of: jid)
        case .key, .mouse, .resized: return false
        }
        return true
    }

    private mutating func connect(_ connection: Connection) {
        // What we knew of presence is void once the stream is gone: the next one tells it anew.
        if self.connection.isOnline, !connection.isOnline { fleet.forgetPresence(at: now) }
        if connection.isOnline {
            fleet.awaitPresence(at: now)
            recollection = Recollection()
        }
        feed = .unknown
        self.connection = connection
    }

    /// Brings every cursor back into its list.
    mutating func settle() {
        switch pane {
        case .fleet: fleetCursor.settle(in: hostRows.map(\.jid), height: listHeight)
        case .alerts: alertCursor.settle(in: alertRows.map(\.id), height: listHeight)
        case .events: eventCursor.settle(in: eventRows.map(\.id), height: listHeight)
        case .host:
            hostScroll = min(max(hostScroll, 0), HostView(self).maximumScroll)
        }
    }

    /// Moves through the list, or down a host's page.
    mutating func move(by change: Int) {
        switch pane {
        case .fleet: fleetCursor.move(by: change, in: hostRows.map(\.jid))
        case .alerts: alertCursor.move(by: change, in: alertRows.map(\.id))
        case .events: eventCursor.move(by: change, in: eventRows.map(\.id))
        case .host:
            hostScroll = hostScroll.addingReportingOverflow(change).partialValue
        }
    }

    /// Shows another pane; a host's page starts at its top.
    mutating func show(_ pane: Pane) {
        self.pane = pane
        hostScroll = 0
        zoom.back = 0
    }

    /// The host that the chosen row is of.
    var chosenHost: JID? {
        switch pane {
        case .fleet:
            let rows = hostRows.map(\.jid)
            return fleetCursor.index(in: rows).map { rows[$0] }
        case .alerts:
            let rows = alertRows
            return alertCursor.index(in: rows.map(\.id)).map { rows[$0].host }
        case .events:
            let rows = eventRows
            return eventCursor.index(in: rows.map(\.id)).map { rows[$0].host }
        case .host(let jid): return jid
        }
    }

    private mutating func point(_ mouse: Mouse) {
        guard overlay == nil else { return }
        switch mouse {
        case .wheelUp: move(by: -3)
        case .wheelDown: move(by: 3)
        case .pressed(let position): select(position)
        case .doublePressed(let position):
            select(position)
            if case .host = pane { return }
            chosenHost.map { show(.host($0)) }
        }
    }

    private mutating func select(_ position: Screen.Position) {
        let row = position.row - 2
        guard row >= 0, row < listHeight else { return }
        switch pane {
        case .fleet: fleetCursor.select(fleetCursor.first + row, in: hostRows.map(\.jid))
        case .alerts: alertCursor.select(alertCursor.first + row, in: alertRows.map(\.id))
        case .events: eventCursor.select(eventCursor.first + row, in: eventRows.map(\.id))
        case .host: break
        }
    }
}
