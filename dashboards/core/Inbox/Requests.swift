import Telemetry
import XMPP

/// The questions that were asked and not answered yet.
struct Requests: Sendable {
    /// Open questions: one a host, and two more.
    static let maximum = Fleet.maximumHosts + 2

    var token = ""
    private var count = 0
    private var open: [String: (purpose: Purpose, to: JID?)] = [:]

    /// What a question was about.
    enum Purpose: Sendable {
        case roster, server
        case events(JID)
    }

    /// Makes a question.
    mutating func ask(_ purpose: Purpose, of entity: JID?, _ payload: Element) -> Stanza {
        count &+= 1
        let id = token + "-" + String(count)
        if open.count < Self.maximum { open[id] = (purpose, entity) }
        return Stanza(.iq, type: "get", id: id, to: entity, [payload])
    }

    /// Asks for the newest items of a host's log (XEP-0060 §6.5.7).
    mutating func askForEvents(of host: JID) -> Stanza {
        var items = Element("items", Namespace.pubsub)
        items["node"] = MonitoringNode.events.name
        items["max_items"] = String(Inbox.askedEvents)
        return ask(.events(host), of: host, Element("pubsub", Namespace.pubsub, [items]))
    }

    /// The question that a stanza answers; nil when none was asked, or of somebody else.
    mutating func settle(_ answer: Stanza, account: JID?) -> Purpose? {
        guard let id = answer.id, let asked = open[id] else { return nil }
        // RFC 6120 §8.1.2.1: our own server answers for the account, with or without a sender.
        let isExpected =
            asked.to == answer.from
            || (asked.to == nil && (answer.from == nil || answer.from?.bare == account?.bare))
        guard isExpected else { return nil }
        open[id] = nil
        return asked.purpose
    }

    mutating func reset() {
        open.removeAll()
    }
}
