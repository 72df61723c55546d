import Telemetry
import XMPP

/// The questions that were asked and not answered yet.
struct Requests: Sendable {
    /// Open questions: one a host, and those to the server and its components.
    static let maximum = Fleet.maximumHosts + 32

    var token = ""
    private var count = 0
    private var open: [String: (purpose: Purpose, to: JID?)] = [:]

    /// What a question was about.
    enum Purpose: Sendable {
        case roster, server
        /// What the server has for components, and what one of them is.
        case components
        case component(JID)
        case subscription
        /// The log of a host, or of all hosts.
        case events(JID)
        case fleetEvents
        /// What a host's account is.
        case account(JID)
        /// The past of a host, by the query's id.
        case history(String)
    }

    /// Makes a question.
    mutating func ask(
        _ purpose: Purpose,
        of entity: JID?,
        type: String = "get",
        _ payload: Element
    ) -> Stanza {
        count &+= 1
        let id = token + "-" + String(count)
        if open.count < Self.maximum { open[id] = (purpose, entity) }
        return Stanza(.iq, type: type, id: id, to: entity, [payload])
    }

    /// Asks for the newest items of a host's log (XEP-0060 §6.5.7).
    mutating func askForEvents(of host: JID) -> Stanza {
        let items = Self.items(of: MonitoringNode.events.name, count: Inbox.askedEvents)
        return ask(.events(host), of: host, items)
    }

    /// Asks for the newest items of the log of all hosts.
    mutating func askForEvents(ofAllAt service: JID) -> Stanza {
        let items = Self.items(of: FleetDirectory.log, count: Inbox.askedFleetEvents)
        return ask(.fleetEvents, of: service, items)
    }

    private static func items(of node: String, count: Int) -> Element {
        var items = Element("items", Namespace.pubsub)
        items["node"] = node
        items["max_items"] = String(count)
        return Element("pubsub", Namespace.pubsub, [items])
    }

    /// Asks for all nodes of the fleet service, for as long as this session lasts.
    mutating func askForSubscription(of session: JID, at service: JID) -> Stanza {
        var subscribe = Element("subscribe", Namespace.pubsub)
        subscribe["node"] = FleetService.everyNode
        subscribe["jid"] = session.description
        // XEP-0060 §12.4: `presence` ends the subscription when the session goes.
        let form = DataForm(
            .submit,
            formType: Namespace.pubsub + "#subscribe_options",
            fields: [.init("pubsub#expire", values: ["presence"])]
        )
        // XEP-0060 §6.3.7: beside <subscribe/> the options must not repeat node and address.
        let options = Element("options", Namespace.pubsub, [form.element])
        let pubsub = Element("pubsub", Namespace.pubsub, [subscribe, options])
        return ask(.subscription, of: service, type: "set", pubsub)
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
