package import XMPP

/// How a host is doing, in one line: the payload of the fleet service's node `fleet`.
package struct HostStatus: Sendable, Hashable {
    package var name: String
    package var jid: JID
    package var state: State
    /// The worst of its summary; `unknown` before there is one.
    package var level: Level
    /// When this was said.
    package var at: Instant
    /// When the state began.
    package var since: Instant

    /// Whether the host's agent is there.
    package enum State: String, Sendable {
        case up, gone
    }

    package init(
        name: String,
        jid: JID,
        state: State,
        level: Level,
        at: Instant,
        since: Instant
    ) {
        self.name = name
        self.jid = jid
        self.state = state
        self.level = level
        self.at = at
        self.since = since
    }
}

extension HostStatus {
    /// Reads `<host/>`.
    package init(_ element: Element) throws(PayloadError) {
        guard element.matches("host", Namespace.lapwing) else { throw .unexpected(element.name) }
        let address = try element.required("jid")
        guard let jid = try? JID(address) else { throw .malformed("jid") }
        guard let state = State(rawValue: try element.required("state")) else {
            throw .malformed("state")
        }
        self.init(
            name: try element.boundedName("name"),
            jid: jid,
            state: state,
            level: element.level("level") ?? .unknown,
            at: try element.instant("at"),
            since: try element.instant("since")
        )
    }

    package var element: Element {
        var element = Element("host", Namespace.lapwing)
        element["name"] = name
        element["jid"] = jid.description
        element["state"] = state.rawValue
        element["level"] = level.rawValue
        element["at"] = at.dateTime
        element["since"] = since.dateTime
        return element
    }
}
