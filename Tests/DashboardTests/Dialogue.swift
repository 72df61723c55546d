import Dashboard
import Telemetry
import Testing
import XMPP

/// An inbox, and a server that answers it piece by piece.
struct Dialogue {
    var inbox = Inbox(token: "t")
    /// What the inbox sent and the test has not looked at, in order.
    private(set) var sent: [Stanza] = []
    /// What came out for the model and the test has not looked at.
    private(set) var messages: [Message] = []

    static let service = JID(normalizedLocal: nil, domain: "monitor.example.org")
    static let server = JID(normalizedLocal: nil, domain: "example.org")
    static let features = ["fleet", "wildcards", "filters", "history"].map { "urn:lapwing:1#\($0)" }

    /// Logged in, with an empty roster, or the contacts given.
    init(_ contacts: Element...) throws {
        sent = inbox.online(Fixture.viewer)
        try answer(Namespace.roster, Element("query", Namespace.roster, contacts))
        messages = []
    }

    /// With the fleet service joined.
    static func joined(
        _ contacts: Element...,
        features: [String] = features
    ) throws -> Dialogue {
        var dialogue = try Dialogue()
        dialogue.receive(
            Stanza(.iq, type: "set", id: "push", [Element("query", Namespace.roster, contacts)])
        )
        try dialogue.describe(server, features: [])
        try dialogue.listComponents(service)
        try dialogue.describe(service, features: features)
        try dialogue.subscribe("subscribed")
        // A host that no test looks at: the service has spoken.
        dialogue.tell("fleet", [item(id: "other", host("other", "up"))])
        _ = dialogue.takeSent()
        _ = dialogue.takeMessages()
        return dialogue
    }
}

// MARK: - The server's part

extension Dialogue {
    mutating func receive(_ stanza: Stanza) {
        take(inbox.receive(stanza))
    }

    mutating func wait(in session: Int? = nil) {
        take(inbox.waited(in: session ?? inbox.session))
    }

    mutating func want(_ requests: [HistoryRequest]) {
        take(inbox.want(requests))
    }

    private mutating func take(_ delivery: Inbox.Delivery) {
        sent += delivery.stanzas
        messages += delivery.messages
    }

    /// Answers the oldest open request with a payload of that namespace; without an answer, by an
    /// error.
    mutating func answer(_ namespace: String, to entity: JID? = nil, _ payload: Element?) throws {
        let index = try #require(
            sent.firstIndex {
                $0.payload?.namespace == namespace && (entity == nil || $0.to == entity)
            }
        )
        let request = sent.remove(at: index)
        var reply =
            payload.map { request.result($0) } ?? request.failure(StanzaError(.forbidden))
        reply.to = Fixture.viewer
        receive(reply)
    }

    mutating func listComponents(_ jids: JID...) throws {
        try answer(
            Namespace.discoItems,
            DiscoItems(items: jids.map { .init(jid: $0) }).element
        )
    }

    mutating func describe(
        _ jid: JID,
        category: String = "pubsub",
        features: [String]
    ) throws {
        let info = DiscoInfo(
            identities: [.init(category: category, type: "service")],
            features: features
        )
        try answer(Namespace.discoInfo, to: jid, info.element)
    }

    mutating func subscribe(_ state: String?) throws {
        var subscription = Element("subscription", Namespace.pubsub)
        subscription["subscription"] = state
        subscription["node"] = "#"
        let pubsub = Element("pubsub", Namespace.pubsub, [subscription])
        try answer(Namespace.pubsub, to: Self.service, state == nil ? nil : pubsub)
    }

    /// An event of a node, by the fleet service where nobody else is named.
    mutating func tell(
        from: JID = service,
        _ node: String,
        _ entries: [Element]
    ) {
        var items = Element("items", Namespace.pubsubEvent, entries)
        items["node"] = node
        tell(from: from, [items])
    }

    mutating func tell(from: JID = service, _ parts: [Element]) {
        let event = Element("event", Namespace.pubsubEvent, parts)
        receive(Stanza(.message, type: "headline", from: from, to: Fixture.viewer, [event]))
    }
}

// MARK: - What came of it

extension Dialogue {
    mutating func takeMessages() -> [Message] {
        defer { messages = [] }
        return messages
    }

    mutating func takeSent() -> [Stanza] {
        defer { sent = [] }
        return sent
    }

    /// What the presences that were sent announce.
    var announced: [Interest?] {
        sent.filter { $0.kind == .presence }.map { presence in
            let capabilities = presence.payload("c", Namespace.capabilities)
                .flatMap { EntityCapabilities($0) }
            return Interest.allCases.first { capabilities?.confirms($0.info) ?? false }
        }
    }

    /// Where values come from, by what was told last.
    var feed: Feed? {
        messages.compactMap { if case .feed(let feed) = $0 { feed } else { nil } }.last
    }

    /// The samples that arrived, by host.
    var samples: [JID: Double] {
        var result: [JID: Double] = [:]
        for case .report(let report) in messages {
            if case .sample(let sample) = report.payload { result[report.host] = sample["cpu"] }
        }
        return result
    }

    /// What was told of who is there.
    var presences: [JID: Host.Availability] {
        var result: [JID: Host.Availability] = [:]
        for case .presence(let jid, let availability) in messages { result[jid] = availability }
        return result
    }

    var unlisted: [JID] {
        messages.compactMap { if case .unlisted(let jid) = $0 { jid } else { nil } }
    }
}

// MARK: - Pieces

extension Dialogue {
    static func contact(_ jid: JID, group: String? = "hosts") -> Element {
        var item = Element("item", Namespace.roster)
        item["jid"] = jid.description
        item["subscription"] = "both"
        if let group { item.append(Element("group", Namespace.roster, text: group)) }
        return item
    }

    /// An item of an event.
    static func item(
        id: String = "current",
        publisher: String? = nil,
        namespace: String = Namespace.pubsubEvent,
        _ payload: Element?
    ) -> Element {
        var item = Element("item", namespace, payload.map { [$0] } ?? [])
        item["id"] = id
        item["publisher"] = publisher
        return item
    }

    static func retraction(_ id: String) -> Element {
        Element("retract", Namespace.pubsubEvent, attributes: [.init("id", id)])
    }

    static func sample(cpu: Double, seq: Int = 1) -> Element {
        var value = Element("v", Namespace.lapwing, text: "\(cpu)")
        value["n"] = "cpu"
        var sample = Element("sample", Namespace.lapwing, [value])
        sample["at"] = Fixture.start.dateTime
        sample["seq"] = "\(seq)"
        sample["run"] = "r1"
        return sample
    }

    static func host(_ name: String, jid: String? = nil, _ state: String) -> Element {
        var host = Element("host", Namespace.lapwing)
        host["name"] = name
        host["jid"] = jid ?? "\(name)@example.org"
        host["state"] = state
        host["level"] = "ok"
        return host
    }

    static func event(_ summary: String, seq: Int) -> Element {
        Event(.started, at: Fixture.start, seq: seq, run: "r1", summary: summary).element
    }
}
