package import Telemetry
package import XMPP

/// What happens to the dashboard: the only way in which its model changes.
package enum Message: Sendable {
    case key(Key)
    case mouse(Mouse)
    case resized(Size)
    /// Time goes on; every batch of messages begins with one.
    case tick(Instant)
    case connection(Connection)
    /// Where values come from, once that is known.
    case feed(Feed)
    /// A host that the roster lists.
    case listed(JID)
    /// A contact that the roster no longer lists.
    case unlisted(JID)
    case presence(JID, Host.Availability)
    case report(Report)
    /// What an archive tells of a host's node.
    case history(JID, MonitoringNode, [Aggregate])
    /// A host's node lost its item.
    case cleared(JID, MonitoringNode)
}

/// A payload of a host, checked to be from that host.
package struct Report: Sendable, Hashable {
    package var host: JID
    package var node: MonitoringNode
    package var item: String?
    package var payload: MonitoringPayload
    /// When the item was published, where the server kept it for us (XEP-0203); nil for live ones.
    package var sent: Instant?

    package init(
        host: JID,
        node: MonitoringNode,
        item: String? = nil,
        payload: MonitoringPayload,
        sent: Instant? = nil
    ) {
        self.host = host
        self.node = node
        self.item = item
        self.payload = payload
        self.sent = sent
    }
}

/// Where we stand with our own server.
package enum Connection: Sendable, Hashable {
    case connecting
    case online(JID)
    /// With the time of the next attempt; nil when there will be none.
    case offline(reason: String, retryAt: Instant?)

    package var isOnline: Bool {
        if case .online = self { true } else { false }
    }
}

/// Where the values of the hosts come from.
package enum Feed: Sendable, Hashable {
    /// Not known yet, or not online.
    case unknown
    /// From each host's own account, as far as it is a contact (XEP-0163).
    case accounts
    /// From the fleet service, by one subscription.
    case service
    /// From the accounts again: the fleet service ended the subscription.
    case withdrawn
}

/// A key, as terminals tell them apart.
package enum Key: Sendable, Hashable {
    case character(Unicode.Scalar)
    /// A letter typed with Ctrl, in lower case.
    case control(Unicode.Scalar)
    case up, down, left, right
    case pageUp, pageDown, home, end
    case enter, escape, tab, backTab, backspace, delete
    case function(Int)
}

/// What a mouse does, where a terminal tells.
package enum Mouse: Sendable, Hashable {
    case pressed(Screen.Position)
    case doublePressed(Screen.Position)
    case wheelUp, wheelDown
}

/// What the model wants done in the world.
package enum Command: Sendable, Hashable {
    case quit
    /// Stop as a job of the shell (Ctrl-Z).
    case suspend
    /// Ask for the past of what is shown.
    case ask([HistoryRequest])
    /// Write the whole screen anew: something else wrote on it.
    case repaint
}
